// Gradio's page tells each input of each event that has ended how every later event goes, and looks for it among all
// parts and copies what it holds to do so: a hundred inputs of this page, several times an event. None shows it.
// A Gradio that has no such class goes on as it is.
const script = document.getElementById('mw-states');
const parts = script ? Object.values(await import(script.href)) : [];
const states = parts.find((part) => part.LoadingStatus)?.LoadingStatus.prototype;
const toldBefore = states?.resolve_args;

if (toldBefore) {
  states.resolve_args = function told(event) {
    return toldBefore.call(this, event).filter(({type}) => type !== 'input');
  };
}
