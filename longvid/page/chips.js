/** A citation as people use it: title and time to click, the frame and the quote on hover or focus. */
import {html, nothing, render} from './base.js';
import {api, crossOrigin} from './api.js';
import {t} from './texts.js';
import {span} from './times.js';
import {seek} from './video.js';

/** @param part the component that shows it; @param place a citation, a moment or a mention with its video; @param alone
 * nothing but the time is shown, where every chip is of one video, or the one before it is of the same. */
export function chip(part, place, alone = false) {
  const show = (event) => card(part, event.currentTarget, place);
  const hide = () => card(part, null);
  return html`<button class="chip" @click=${() => (hide(), seek(part, {...place, stop: true}))} @pointerenter=${show} @focus=${show} @pointerleave=${hide} @blur=${hide}
    @keydown=${(event) => event.key === 'Escape' && hide()} aria-label=${t('chip', {title: place.title, time: span(place.start_s, place.end_s)})}>
    ${alone ? nothing : html`<span class="of" dir="auto">${place.title}</span> `}<time dir="ltr">${span(place.start_s, place.end_s)}</time></button>`;
}

/** The one card of a component, under the chip it belongs to; without a chip it goes. */
function card(part, at, place) {
  let box = part.renderRoot.querySelector('.card-over');
  if (!at) return void box?.remove();
  if (!box) {
    box = document.createElement('div');
    box.className = 'card-over';
    box.setAttribute('aria-hidden', 'true');
    part.renderRoot.append(box);
  }
  render(html`<img crossorigin=${crossOrigin} alt="" src=${api.frame(place.video_id, middle(place), 320)} @error=${(event) => event.target.remove()} />
    <p dir="auto">${place.speaker ? html`<b>${place.speaker}</b> ` : nothing}${quote(place)}</p><small>${t(`kind.${place.kind ?? 'speech'}`)}</small>`, box);
  const [chipBox, wide] = [at.getBoundingClientRect(), Math.min(320, innerWidth - 16)];
  box.style.width = `${wide}px`;
  box.style.left = `${Math.max(8, Math.min(chipBox.left, innerWidth - wide - 8))}px`;
  const below = chipBox.bottom + 280 < innerHeight;
  Object.assign(box.style, below ? {top: `${chipBox.bottom + 6}px`, bottom: ''} : {top: '', bottom: `${innerHeight - chipBox.top + 6}px`});
}

/** Something is surely on screen there: a citation of speech begins before its words do. */
const middle = (place) => (place.start_s + Math.max(place.end_s, place.start_s)) / 2;

const quote = (place) => place.quote ?? place.text ?? place.evidence?.[0]?.text ?? '';
