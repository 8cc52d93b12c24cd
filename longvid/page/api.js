/** The server's REST API: the only way in which the page learns or changes anything. */

import {nothing} from './base.js';

/** The server is where this module came from; a foreign page needs to name nothing but a key. */
const BASE = new URL('./', import.meta.url);
const KEPT = 'longvid.key';
const FOREIGN = BASE.origin !== location.origin;
/** How pictures and films are fetched in a page of somebody else: with the cookie, and only where the server agrees. */
export const crossOrigin = FOREIGN ? 'use-credentials' : nothing;

/** What the server refused: its sentence is the message, its HTTP status the `status`. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

class Api {
  constructor() {
    this.key = sessionStorage.getItem(KEPT) ?? '';
    this.kept = new Map();
  }

  /** Use this key from now on; true once media and pictures may be asked for with it too (by a cookie for those alone). */
  async use(key) {
    if (key !== this.key) this.kept.clear();
    this.key = key;
    this.session = undefined;
    await this.ready();
    sessionStorage.setItem(KEPT, key);
    return true;
  }

  /** Pictures and films are asked for by the browser itself, which sends no key: a cookie stands for it there. */
  ready() {
    this.session ??= this.key ? this.send('POST', 'session') : this.keyless();
    return this.session;
  }

  /** Where no key is needed, the cookie of one that was used here before is in the way once it is revoked. */
  async keyless() {
    if (await this.once('me').catch(() => null)) await this.send('DELETE', 'session');
  }

  /** The address of a resource; parameters that are empty are left out. */
  url(path, params = {}) {
    const url = new URL(`v1/${path}`, BASE);
    for (const [name, value] of Object.entries(params)) {
      for (const each of [value].flat()) {
        if (each !== undefined && each !== null && each !== '') url.searchParams.append(name, each);
      }
    }
    return url.href;
  }

  async fetch(method, url, {body, headers = {}, signal} = {}) {
    if (this.key) headers.Authorization = `Bearer ${this.key}`;
    const answer = await fetch(url, {method, body, headers, signal, credentials: FOREIGN ? 'include' : 'same-origin'});
    if (!answer.ok) throw new Problem(answer.status, await sentence(answer));
    return answer;
  }

  async send(method, path, body, options = {}) {
    const headers = body === undefined ? {} : {'Content-Type': 'application/json'};
    const answer = await this.fetch(method, this.url(path, options.params), {
      ...options, headers: {...headers, ...options.headers}, body: body === undefined ? undefined : JSON.stringify(body),
    });
    return (answer.headers.get('Content-Type') ?? '').includes('json') ? answer.json() : answer;
  }

  get(path, params, signal) {
    return this.send('GET', path, undefined, {params, signal});
  }

  /** The same answer for everybody who asks on this page, until `forget` of a path that it begins with. */
  once(path, params) {
    const key = this.url(path, params);
    if (!this.kept.has(key)) {
      const asked = this.get(path, params);
      asked.catch(() => this.kept.delete(key));
      this.kept.set(key, asked);
    }
    return this.kept.get(key);
  }

  forget(path) {
    for (const key of this.kept.keys()) if (key.startsWith(this.url(path))) this.kept.delete(key);
  }

  /** Server-sent events of a request, as `{event, data}` with the data read as JSON. */
  async *events(method, path, body, signal) {
    const headers = {Accept: 'text/event-stream'};
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.fetch(method, this.url(path), {headers, body: sent, signal});
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const {value, done} = await reader.read();
      if (done) return;
      text += value.replaceAll('\r', '');
      const blocks = text.split('\n\n');
      text = blocks.pop();
      for (const block of blocks) {
        const read = parsed(block);
        if (read) yield read;
      }
    }
  }

  /** A picture of a video at a second, `width` pixels wide. */
  frame(video, at_s, width) {
    return this.url(`videos/${video}/frame`, {t: Math.max(0, at_s).toFixed(3), width});
  }
}

function parsed(block) {
  let event = 'message';
  const data = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim();
    if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return data.length ? {event, data: JSON.parse(data.join('\n'))} : null;
}

async function sentence(answer) {
  const text = await answer.text();
  try {
    const {detail, title} = JSON.parse(text);
    return typeof detail === 'string' ? detail : (title ?? text);
  } catch {
    return text.slice(0, 300) || `${answer.status} ${answer.statusText}`;
  }
}

export const api = new Api();

/** Give the person a file that the server made. */
export async function save(answer, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = /filename="?([^";]+)/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1] ?? name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
