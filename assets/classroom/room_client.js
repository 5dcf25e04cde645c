// Talks with the server for whoever holds the key of a room.
const KEY = 'maskwise-key', ANSWER_WITHIN = 30000, FIRST_WAIT = 500, LONGEST_WAIT = 5000;  // milliseconds

const addressOf = (path) => new URL(`rooms/${path}`, document.baseURI);

// Keys live in the browser's own store: a reload, or a phone that slept, finds its place again.
export const store = {
  get(name) { try { return localStorage.getItem(name); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(name, value); } catch { /* then until the reload */ } },
  remove(name) { try { localStorage.removeItem(name); } catch { /* nothing was kept */ } },
};

// Where the key of a room's student is kept.
export const kept = (code) => `maskwise-room-${code}`;
// The last of these keys: a room may have another code by now.
export const LAST = 'maskwise-room-last';

// The answer of the server; an Error with its words where it refuses.
export const post = async (path, body, key = '') => {
  const headers = {'Content-Type': 'application/json', [KEY]: key};
  const answer = await fetch(addressOf(path), {method: 'POST', headers, body: JSON.stringify(body)})
    .catch(() => { throw new Error('The connection is lost. Try again in a moment.'); });
  const found = await answer.json().catch(() => ({error: 'The server did not answer as it should. Try again.'}));
  if (!answer.ok) throw new Error(found.error);
  return found;
};

// Asks for each change until the room ends. show(state), lost(bool), ended(words).
export class RoomClient {
  constructor(key, {show, lost, ended}) {
    Object.assign(this, {key, show, lost, ended, tag: '', over: false, wait: FIRST_WAIT, wake: () => {}});
    for (const type of ['online', 'pageshow']) addEventListener(type, () => this.wake());
    document.addEventListener('visibilitychange', () => this.wake());
    this.run();
  }

  close() { this.over = true; }

  async run() {
    while (!this.over) {
      const answer = await this.ask();
      if (this.over) return;
      this.lost(!answer);
      if (!answer) await this.pause();
      else this.wait = FIRST_WAIT;
      if (answer?.error) {
        this.close();
        this.ended(answer.error);
      } else if (answer?.tag) {
        this.tag = answer.tag;
        this.show(answer);
      }
    }
  }

  // The state once it has changed, {error} of a room that has ended, {} where nothing has changed, null without a connection.
  async ask() {
    const address = addressOf('state');
    address.searchParams.set('after', this.tag);
    try {
      const answer = await fetch(address, {headers: {[KEY]: this.key}, cache: 'no-store', signal: AbortSignal.timeout(ANSWER_WITHIN)});
      if (answer.status === 204) return {};
      return answer.ok || answer.status === 410 ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  async pause() {
    const wait = this.wait * (0.5 + Math.random());  // a class does not come back in one moment
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    await new Promise((done) => {
      this.wake = done;
      setTimeout(done, wait);
    });
  }
}
