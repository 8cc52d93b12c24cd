/** What the page knows of one video; asked for once and shared by the player, the transcript and the views beside them. */
import {api} from './api.js';
import {playPoint} from './times.js';

const HELD = new Map();

export function videoOf(id) {
  if (!HELD.has(id)) HELD.set(id, new Video(id));
  return HELD.get(id);
}

export class Video {
  constructor(id) {
    this.id = id;
    this.path = `videos/${encodeURIComponent(id)}`;
  }

  /** Everything that is known of it, as the server's one answer has it: title, lines, slides, events, sounds. */
  info() {
    return api.once(this.path);
  }

  /** The slides, each with the lines on screen while it is there. */
  async slides() {
    const {slides, screen_text} = await this.info();
    return slides.map((slide) => ({...slide, lines: screen_text.filter((line) => line.start_s < slide.end_s && line.end_s > slide.start_s)}));
  }

  async chapters() {
    return (await this.info()).events.map((event) => event.segment);
  }

  async sounds() {
    return (await this.info()).sounds;
  }

  /** The lines of the transcript in time order. */
  async lines() {
    return (await this.info()).utterances;
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
