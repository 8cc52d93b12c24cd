/** Seconds as people read them, as links carry them, and where a time lies in a list. */

/** 87.7 → "1:27"; 3690 → "1:01:30". */
export function clock(at_s) {
  const whole = Math.max(0, Math.floor(at_s + 1e-6));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, '0');
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "1:27–1:33", or one time where both read the same. */
export function span(start_s, end_s) {
  const [start, end] = [clock(start_s), clock(end_s)];
  return start === end ? start : `${start}–${end}`;
}

/** "1 h 20 min", "25 min", "48 s". */
export function length(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The `t` of a link: "87.7" or "87.7,92.5". */
export function mark(start_s, end_s) {
  const short = (number) => String(Math.round(number * 1000) / 1000);
  return end_s > start_s ? `${short(start_s)},${short(end_s)}` : short(start_s);
}

/** What `mark` writes, and "1:27" besides; null for what is no time. */
export function readMark(text) {
  const times = (text ?? '').split(',').map(readClock);
  if (!times.length || times[0] === null) return null;
  return {start_s: times[0], end_s: times[1] ?? times[0]};
}

/** "87.7", "1:27" or "1:01:30" in seconds; null for what is no time. */
export function readClock(text) {
  if (!/^\d+(:\d{1,2}){0,2}(\.\d+)?$/.test((text ?? '').trim())) return null;
  return text.trim().split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** The second at which a player starts for a moment or a citation. */
export const playPoint = (place) => place.play_s ?? place.start_s;

/** Index of the last of `items` (times, or what has a `start_s`) that begins at or before `at_s`; -1 before the first. */
export function lastBefore(items, at_s) {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle].start_s ?? items[middle]) <= at_s + 1e-3) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
