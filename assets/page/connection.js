// Whether the server can be reached. Gradio's page says it in a notice that passes, and reloads itself once it can where it had asked for
// something. Where it has not seen that a run was cut off, this does. What else is shown stays.
const AGAIN = 2000, PATIENCE = 20000;  // milliseconds
const fetched = window.fetch;
let lost = false, looking = false, left = false;

export const CHANGED = 'mw-connection';
export const isLost = () => lost;

const answers = async () => {
  try { return (await fetched(new URL('healthz', document.baseURI), {cache: 'no-store', signal: AbortSignal.timeout(PATIENCE)})).ok; }
  catch { return false; }
};

const become = (away) => { lost = away; dispatchEvent(new Event(CHANGED)); };
const drawn = () => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });

const look = async () => {
  if (looking || left) return;
  looking = true;
  while (!await answers() && !left) {
    if (!lost) become(true);
    await new Promise((later) => { setTimeout(later, AGAIN); });
  }
  looking = false;
  if (!lost || left) return;
  become(false);
  await drawn();
  if (document.querySelector('[data-state=running], [data-state=queued]')) location.reload();
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
