/** Files to the server by tus 1.0: in pieces, gone on with after a broken line or a reload. */
import {api, Problem} from './api.js';

const PIECE = 8 * 2 ** 20;
const KEPT = 'longvid.upload.';
const WAITS_MS = [500, 2000, 5000, 10_000];
const TUS = {'Tus-Resumable': '1.0.0'};

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const called = ({file, path}) => `${KEPT}${path}:${file.size}:${file.lastModified}`;

/** Uploads that a reload interrupted: their files have to be chosen again, and go on where they stopped; one that was
 * sent whole is there at once, and so is indexed together with the others of its folder. */
export function interrupted() {
  return Object.keys(localStorage).filter((key) => key.startsWith(KEPT)).map((key) => ({key, name: key.slice(KEPT.length).split(':')[0]}));
}

export const forgetUpload = (key) => localStorage.removeItem(key);
/** Nothing of this file is to be gone on with: a job has it, or the server refused it. */
export const settled = (sent) => forgetUpload(called(sent));

/**
 * @param one `{file, path}`: the path is below what was chosen or dropped.
 * @param told called with `(sent, size, bytesPerSecond)`; resolves to the upload's id.
 */
export async function upload(one, told, signal) {
  const {file} = one;
  const url = (await goOn(one)) ?? (await begin(one));
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
      if (final && problem instanceof Problem) settled(one);
      if (final || tries >= WAITS_MS.length) throw problem;
      await wait(WAITS_MS[tries++]);
      sent = await offsetOf(url).catch(() => sent);
    }
  }
  return new URL(url).pathname.split('/').pop();
}

async function begin(one) {
  const {file, path} = one;
  const headers = {...TUS, 'Upload-Length': String(file.size), 'Upload-Metadata': `filename ${base64(file.name)},relativePath ${base64(path)}`};
  const url = api.url('uploads');
  const made = new URL((await api.fetch('POST', url, {headers})).headers.get('Location'), url).href;
  localStorage.setItem(called(one), made);
  return made;
}

async function goOn(one) {
  const url = localStorage.getItem(called(one));
  return url && (await offsetOf(url).then(() => url, () => null));
}

async function offsetOf(url) {
  return Number((await api.fetch('HEAD', url, {headers: {...TUS}})).headers.get('Upload-Offset'));
}

/** Files that were chosen, each with its path. */
export const chosen = (files) => [...files].map((file) => ({file, path: file.webkitRelativePath || file.name}));

/** Every file of a drop, those in folders too; what is dropped is gone once the event is over, so it is taken at once. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return chosen(transfer.files);
  const files = [];
  const read = async (entry) => {
    if (entry.isFile) return void files.push({file: await new Promise((done, failed) => entry.file(done, failed)), path: entry.fullPath.slice(1)});
    const reader = entry.createReader();
    for (let some; (some = await new Promise((done, failed) => reader.readEntries(done, failed))).length; ) for (const each of some) await read(each);
  };
  for (const entry of entries) await read(entry);
  return files;
}
