/** The page's signs, drawn for it: paths on a field of 24 by 24. */
import {html} from './base.js';

const PATHS = {
  play: 'M7 4l13 8-13 8z',
  pause: 'M6 4h4v16H6zM14 4h4v16h-4z',
  back: 'M6 5h3v14H6zM20 5v14L10 12z',
  ahead: 'M15 5h3v14h-3zM4 5v14l10-7z',
  frameBack: 'M15 6l-6 6 6 6M6 6v12',
  frameAhead: 'M9 6l6 6-6 6M18 6v12',
  hit: 'M6 21V4h11l-2.5 4L17 12H6',
  sound: 'M4 9v6h4l5 4V5L8 9zM16 8.5a5 5 0 010 7M18.5 6a8.5 8.5 0 010 12',
  mute: 'M4 9v6h4l5 4V5L8 9zM16 9.5l5 5M21 9.5l-5 5',
  captions: 'M3 5h18v14H3zM10.5 10.5a2 2 0 100 3M17.5 10.5a2 2 0 100 3',
  inset: 'M3 5h18v14H3zM12 12h7v5h-7z',
  full: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  link: 'M10 14a4 4 0 006 0l3-3a4 4 0 00-6-6l-1.5 1.5M14 10a4 4 0 00-6 0l-3 3a4 4 0 006 6l1.5-1.5',
  search: 'M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L21 21',
  ask: 'M4 5h16v11H10l-5 4v-4H4z',
  library: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  admin: 'M4 7h9M17 7h3M15 5v4M4 12h3M11 12h9M9 10v4M4 17h9M17 17h3M15 15v4',
  theme: 'M12 4a8 8 0 100 16 8 8 0 000-16zM12 4v16a8 8 0 000-16z',
  keys: 'M3 6h18v12H3zM6.5 9.5h.01M10 9.5h.01M13.5 9.5h.01M17 9.5h.01M6.5 12.5h.01M17 12.5h.01M8 15.5h8',
  close: 'M5 5l14 14M19 5L5 19',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4',
  trash: 'M5 7h14M10 4h4M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  pen: 'M4 20l1-4L16 5l3 3L8 19z',
  down: 'M6 9l6 6 6-6',
  send: 'M5 12h14M13 6l6 6-6 6',
  stop: 'M6 6h12v12H6z',
  follow: 'M12 4v13M6 11l6 6 6-6M5 20h14',
  text: 'M5 6h14M5 10h14M5 14h9M5 18h11',
};

export function icon(name) {
  const solid = ['play', 'pause', 'stop'].includes(name) ? 'solid' : '';
  return html`<svg class="icon ${solid}" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
