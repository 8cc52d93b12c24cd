/** Every key of the page, in one place: what the sheet on `?` lists is what is carried out. */
import {Part, html} from './base.js';
import {t} from './texts.js';

const OFF = 'longvid.letters-off';

const PLAYER = {
  ' ': (player) => player.toggle(),
  k: (player) => player.toggle(),
  ArrowLeft: (player) => player.step(-5),
  ArrowRight: (player) => player.step(5),
  j: (player) => player.step(-10),
  l: (player) => player.step(10),
  ',': (player) => player.frame(-1),
  '.': (player) => player.frame(1),
  '[': (player) => player.jump(player.slides, -1),
  ']': (player) => player.jump(player.slides, 1),
  n: (player) => player.jump(player.hits, 1),
  p: (player) => player.jump(player.hits, -1),
  '<': (player) => player.faster(-1),
  '>': (player) => player.faster(1),
  c: (player) => player.caption(),
  m: (player) => player.mute(),
  i: (player) => player.inset(),
  f: (player) => player.whole(),
};

/** Letters can be switched off for those who speak to their computer. */
export const lettersOff = () => localStorage.getItem(OFF) === 'yes';

const modified = (event) => event.ctrlKey || event.metaKey || event.altKey;
const pressing = (event) => event.composedPath().some((each) => ['BUTTON', 'A', 'SUMMARY', 'INPUT'].includes(each.tagName));

export function playerKey(player, event) {
  const act = PLAYER[event.key];
  if (!act || !player.video || modified(event) || event.defaultPrevented) return;
  if (lettersOff() && event.key.length === 1 && event.key !== ' ') return;
  if ((event.key === ' ' || event.key.startsWith('Arrow')) && pressing(event)) return;
  event.preventDefault();
  act(player);
}

/** What a key asks of the page itself: the name of it, or nothing. */
export function pageKey(event) {
  if (modified(event) || lettersOff() && event.key !== '?') return undefined;
  return {'/': 'ask', s: 'search', b: 'library', t: 'transcript', '?': 'keys', x: 'close', u: 'link'}[event.key];
}

const SHEET = [
  ['page', ['/', 's', 'b', 't', 'u', 'x', '?']],
  ['player', ['k', 'ArrowLeft', 'j', ',', '[', 'n', '<', 'c', 'm', 'i', 'f']],
];
const SHOWN = {k: 'space k', ArrowLeft: '← →', j: 'j l', ',': ', .', '[': '[ ]', n: 'n p', '<': '< >'};

class Shortcuts extends Part {
  open() {
    this.one('dialog').showModal();
  }

  render() {
    return html`<dialog aria-labelledby="keys" closedby="any">
      <form method="dialog"><h2 id="keys">${t('keys.title')}</h2>
        ${SHEET.map(([group, keys]) => html`<h3>${t(`keys.${group}`)}</h3><dl class="keys">${keys.map((key) => html`
          <dt>${(SHOWN[key] ?? key).split(' ').map((each) => html`<kbd>${each}</kbd> `)}</dt><dd>${t(`key.${key}`)}</dd>`)}</dl>`)}
        <label class="check"><input type="checkbox" ?checked=${lettersOff()} @change=${(event) =>
          localStorage.setItem(OFF, event.target.checked ? 'yes' : 'no')} /> ${t('keys.off')}</label>
        <p class="end"><button class="main">${t('close')}</button></p>
      </form></dialog>`;
  }
}

customElements.define('longvid-keys', Shortcuts);
