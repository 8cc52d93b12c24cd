/** What the page knows of one video; asked for once and shared by the player, the transcript and the views beside them. */
import {api} from './api.js';
import {Parts} from './parts.js';
import {lastBefore, playPoint} from './times.js';

/** Lines of a transcript that are asked for at once. */
const PART = 200;
const HELD = new Map();

export function videoOf(id) {
  if (!HELD.has(id)) HELD.set(id, new Video(id));
  return HELD.get(id);
}

export class Video {
  constructor(id) {
    this.id = id;
    this.path = `videos/${encodeURIComponent(id)}`;
    this.forget();
  }

  /** What was asked for of its transcript is asked for again. */
  forget() {
    this.lines = new Parts(PART, async (first, limit) => (await api.get(`${this.path}/transcript`, {first, limit})).items);
  }

  /** Everything that is known of it but what is said, as the server's one answer has it: title, slides, events, sounds. */
  info() {
    return api.once(this.path, {lines: false});
  }

  /** The slides, each with the lines on screen while it is there. */
  async slides() {
    const {slides, screen_text} = await this.info();
    const shown = slides.map((slide) => ({...slide, lines: []}));
    for (const line of screen_text) {
      for (let i = Math.max(0, lastBefore(shown, line.start_s)); shown[i]?.start_s < line.end_s; i++) {
        if (line.start_s < shown[i].end_s) shown[i].lines.push(line);
      }
    }
    return shown;
  }

  async chapters() {
    return (await this.info()).events.map((event) => event.segment);
  }

  async sounds() {
    return (await this.info()).sounds;
  }

  /** Where the lines of the transcript are, who speaks when, and which lines hold `q`; the lines themselves are `lines`. */
  map(q) {
    return q ? api.get(`${this.path}/lines`, {each: PART, q}) : api.once(`${this.path}/lines`, {each: PART});
  }

  /** The number of the last line that begins at or before a second, -1 before the first; it is here then. */
  async lineAt(at_s) {
    const part = lastBefore((await this.map()).starts_s, at_s);
    return part < 0 ? -1 : part * PART + lastBefore(await this.lines.part(part), at_s);
  }

  /** What can be played: pictures, sound or nothing but words (then `fault` says why), and whether as a file or as a stream. */
  async film() {
    try {
      const {headers} = await api.fetch('HEAD', this.media());
      const kind = headers.get('Content-Type')?.startsWith('audio') ? 'audio' : 'video';
      return {kind, way: headers.get('Longvid-Media') ?? 'file', fault: ''};
    } catch (problem) {
      const told = await api.fetch('GET', this.media()).catch((said) => said);
      return {kind: 'text', way: 'file', fault: told.message ?? problem.message};
    }
  }

  media(from_s) {
    return api.url(`${this.path}/media`, {from_s});
  }

  async rename(old, name) {
    await api.send('PATCH', `${this.path}/speakers`, {old, new: name});
    api.forget(this.path);
    this.forget();
  }
}

/** Go to a second of a video: what a click on a chip, a line, a slide or a hit asks of the player. */
export function seek(part, place, play = true) {
  part.tell('seek', {
    video_id: place.video_id, at_s: playPoint(place), start_s: place.start_s, end_s: place.end_s ?? place.start_s,
    quote: place.kind === 'screen' ? place.quote : null, boxes: place.boxes ?? null, play, stop: Boolean(place.stop),
  });
}

/** The boxes of those of the `lines` on screen that a quote of `[start_s, end_s)` is made of. */
export function boxesOf(lines, {start_s, end_s, quote}) {
  const plain = (text) => text.toLocaleLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
  const wanted = plain(quote);
  return lines
    .filter((line) => line.start_s < Math.max(end_s, start_s + 0.1) && line.end_s > start_s)
    .filter((line) => plain(line.text) && (wanted.includes(plain(line.text)) || plain(line.text).includes(wanted)))
    .map((line) => line.box);
}
