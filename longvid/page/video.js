/** What the page knows of one video; asked for once and shared by the player, the transcript and the views beside them. */
import {api} from './api.js';
import {playPoint} from './times.js';

const HELD = new Map();
const PIECE_S = 1800;

export function videoOf(id) {
  if (!HELD.has(id)) HELD.set(id, new Video(id));
  return HELD.get(id);
}

export class Video {
  constructor(id) {
    this.id = id;
    this.path = `videos/${encodeURIComponent(id)}`;
  }

  /** Title, length, date, collections, stages, and whether there are pictures and sound. */
  info() {
    return api.once(this.path);
  }

  async list(what, params) {
    return (await api.once(`${this.path}/${what}`, params)).items ?? [];
  }

  slides() {
    return this.list('slides');
  }

  chapters() {
    return this.list('chapters', {format: 'json'});
  }

  sounds() {
    return this.list('sounds');
  }

  speakers() {
    return this.list('speakers');
  }

  /** The lines of the transcript in time order, half an hour after another, so that ten hours never come as one. */
  async *lines() {
    const {duration_s} = await this.info();
    for (let from_s = 0; from_s < Math.max(duration_s, 1); from_s += PIECE_S) {
      const to_s = from_s + PIECE_S;
      const last = to_s >= duration_s;
      const piece = await this.list('transcript', {from_s, to_s: last ? undefined : to_s});
      // A line that began before this piece was in the one before.
      yield piece.filter((line) => from_s === 0 || line.start_s >= from_s);
    }
  }

  media(from_s) {
    return api.url(`${this.path}/media`, {from_s});
  }

  async rename(old, name) {
    await api.send('PATCH', `${this.path}/speakers`, {old, new: name});
    api.forget(this.path);
  }
}

/** Go to a second of a video: what a click on a chip, a line, a slide or a hit asks of the player. */
export function seek(part, place, play = true) {
  part.tell('seek', {
    video_id: place.video_id, at_s: playPoint(place), start_s: place.start_s, end_s: place.end_s ?? place.start_s,
    quote: place.kind === 'screen' ? place.quote : null, boxes: place.boxes ?? null, play,
  });
}

/** The boxes of lines on screen that a quote of `[start_s, end_s)` is made of. */
export function boxesOf(slides, {start_s, end_s, quote}) {
  const plain = (text) => text.toLocaleLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
  const wanted = plain(quote);
  const lines = slides.flatMap((slide) => slide.lines ?? []);
  return lines
    .filter((line) => line.start_s < Math.max(end_s, start_s + 0.1) && line.end_s > start_s)
    .filter((line) => plain(line.text) && (wanted.includes(plain(line.text)) || plain(line.text).includes(wanted)))
    .map((line) => line.box);
}
