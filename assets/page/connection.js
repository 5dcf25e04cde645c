// Whether the server can be reached. Gradio's page says it in a notice that passes, and reloads itself once it can; so does this, where
// Gradio has not seen it.
const AGAIN = 2000, PATIENCE = 20000;  // milliseconds
const fetched = window.fetch;
let lost = false, looking = false, left = false;

export const LOST = 'mw-lost';
export const isLost = () => lost;

const answers = async () => {
  try { return (await fetched(new URL('healthz', document.baseURI), {cache: 'no-store', signal: AbortSignal.timeout(PATIENCE)})).ok; }
  catch { return false; }
};

const look = async () => {
  if (looking || left) return;
  looking = true;
  while (!await answers() && !left) {
    if (!lost) { lost = true; dispatchEvent(new Event(LOST)); }
    await new Promise((later) => { setTimeout(later, AGAIN); });
  }
  looking = false;
  if (lost && !left) location.reload();
};

window.fetch = async (...asked) => {
  try { return await fetched(...asked); }
  catch (error) {
    if (error.name !== 'AbortError') look();
    throw error;
  }
};
addEventListener('offline', look);
addEventListener('pagehide', () => { left = true; });
addEventListener('pageshow', () => { left = false; });
