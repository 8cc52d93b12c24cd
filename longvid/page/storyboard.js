/** Small pictures of a whole video on a few sheets, as the WebVTT of its storyboard describes them. */
import {api} from './api.js';
import {lastBefore, readClock} from './times.js';

const CUE = /^(\S+) --> (\S+).*\n(\S+?)#xywh=(\d+),(\d+),(\d+),(\d+)$/gm;

export class Storyboard {
  static async of(video) {
    const url = api.url(`${video.path}/storyboard.vtt`);
    const text = await (await api.fetch('GET', url)).text();
    const tiles = [...text.replaceAll('\r', '').matchAll(CUE)].map(([, start, end, sheet, x, y, width, height]) => ({
      start_s: readClock(start), end_s: readClock(end), sheet: new URL(sheet, url).href, x, y, width, height,
    }));
    return new Storyboard(tiles);
  }

  constructor(tiles) {
    this.tiles = tiles;
  }

  /** CSS that shows the picture of a second; null where there is none. */
  style(at_s) {
    const tile = this.tiles[Math.max(0, lastBefore(this.tiles, at_s))];
    return tile && `width:${tile.width}px;height:${tile.height}px;background:url("${encodeURI(decodeURI(tile.sheet))}") -${tile.x}px -${tile.y}px`;
  }
}
