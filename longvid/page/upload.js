/** Files to the server by tus 1.0: in pieces, gone on with after a broken line or a reload. */
import {api, Problem} from './api.js';

const PIECE = 8 * 2 ** 20;
const KEPT = 'longvid.upload.';
const WAITS_MS = [500, 2000, 5000, 10_000];
const TUS = {'Tus-Resumable': '1.0.0'};

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const called = (file) => `${KEPT}${file.webkitRelativePath || file.name}:${file.size}:${file.lastModified}`;

/** Uploads that a reload interrupted: their files have to be chosen again, and go on where they stopped. */
export function interrupted() {
  return Object.keys(localStorage).filter((key) => key.startsWith(KEPT)).map((key) => ({key, name: key.slice(KEPT.length).split(':')[0]}));
}

export const forgetUpload = (key) => localStorage.removeItem(key);

/** @param told called with `(sent, size, bytesPerSecond)`; resolves to the upload's id. */
export async function upload(file, told, signal) {
  const url = (await goOn(file)) ?? (await begin(file));
  const begun = {at: performance.now(), sent: await offsetOf(url)};
  let sent = begun.sent;
  for (let tries = 0; sent < file.size; ) {
    try {
      const body = file.slice(sent, sent + PIECE);
      const headers = {...TUS, 'Upload-Offset': String(sent), 'Content-Type': 'application/offset+octet-stream'};
      const answer = await api.fetch('PATCH', url, {headers, body, signal});
      sent = Number(answer.headers.get('Upload-Offset'));
      tries = 0;
      told(sent, file.size, ((sent - begun.sent) / (performance.now() - begun.at)) * 1000);
    } catch (problem) {
      const final = problem.name === 'AbortError' || (problem instanceof Problem && problem.status < 500 && ![409, 423].includes(problem.status));
      if (final || tries >= WAITS_MS.length) throw problem;
      await wait(WAITS_MS[tries++]);
      sent = await offsetOf(url).catch(() => sent);
    }
  }
  localStorage.removeItem(called(file));
  return new URL(url).pathname.split('/').pop();
}

async function begin(file) {
  const name = file.webkitRelativePath || file.name;
  const headers = {...TUS, 'Upload-Length': String(file.size), 'Upload-Metadata': `filename ${base64(name)}`};
  const url = api.url('uploads');
  const made = new URL((await api.fetch('POST', url, {headers})).headers.get('Location'), url).href;
  localStorage.setItem(called(file), made);
  return made;
}

async function goOn(file) {
  const url = localStorage.getItem(called(file));
  return url && (await offsetOf(url).then(() => url, () => null));
}

async function offsetOf(url) {
  return Number((await api.fetch('HEAD', url, {headers: {...TUS}})).headers.get('Upload-Offset'));
}

/** Every file of a drop, those in folders too. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const files = [];
  const read = async (entry) => {
    if (entry.isFile) return void files.push(await new Promise((done, failed) => entry.file(done, failed)));
    const reader = entry.createReader();
    for (let some; (some = await new Promise((done, failed) => reader.readEntries(done, failed))).length; ) for (const each of some) await read(each);
  };
  for (const entry of entries) await read(entry);
  return files;
}
