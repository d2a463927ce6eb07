// peer_ort.js - the network that peer_torch.py exported, in ONNX Runtime: predicts
// SPDX-License-Identifier: MIT
//
// usage: node peer_ort.js MODEL.onnx LENGTH CHANNELS BY_LENGTH
//
// MODEL.onnx.f32 holds the encoded records. BY_LENGTH is 1 where the longest sequence of a batch has to be the first.
// Reads one JSON request a line and answers with one line:
//   {"do": "predict_all"}                            -> {"output": [[p, ...], ...]} for all records
//   {"do": "predict", "threads", "batch", "seconds"} -> {"per_second": ...}
// A failure is {"error": "..."}. Needs onnxruntime-node (found through NODE_PATH).
'use strict';
const fs = require('fs');
const readline = require('readline');

const [path, length, channels, byLength] = process.argv.slice(2).map((v, i) => (i ? Number(v) : v));
const size = length * channels;
const sessions = {}; // by number of threads
let ort, data, count;

async function session(threads) {
  sessions[threads] ??= await ort.InferenceSession.create(path, {
    intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all',
  });
  return sessions[threads];
}

function bases(record) {
  let n = 0;
  for (let i = record * size; i < (record + 1) * size; i++) n += data[i];
  return n;
}

// Records from..from+n-1 as a tensor, and their numbers in the order they have in it.
function cut(from, n) {
  const rows = Array.from({ length: n }, (_, i) => from + i);
  if (byLength) rows.sort((a, b) => bases(b) - bases(a));
  const x = new Float32Array(n * size);
  rows.forEach((row, i) => x.set(data.subarray(row * size, (row + 1) * size), i * size));
  return { rows, x: new ort.Tensor('float32', x, [n, length, channels]) };
}

async function predictAll() {
  const s = await session(1);
  const output = [];
  for (let from = 0; from < count; from += 32) {
    const { rows, x } = cut(from, Math.min(32, count - from));
    const y = (await s.run({ x })).y;
    const width = y.dims[1];
    rows.forEach((row, i) => { output[row] = Array.from(y.data.subarray(i * width, (i + 1) * width)); });
  }
  return { output };
}

// Tensors are cut beforehand and the first batches do not count: only the network does.
async function predict({ threads, batch, seconds }) {
  const s = await session(threads);
  const n = Math.min(batch, count);
  const tensors = [];
  for (let from = 0; from + n <= count; from += n) tensors.push(cut(from, n).x);
  const warm = 3;
  let start = 0n, taken = 0;
  for (let k = 0; ; k++) {
    if (k === warm) start = process.hrtime.bigint();
    await s.run({ x: tensors[k % tensors.length] });
    taken = Number(process.hrtime.bigint() - start) / 1e9;
    if (k >= warm && taken >= seconds) return { per_second: ((k + 1 - warm) * n) / taken };
  }
}

async function answer(request) {
  try {
    if (request.do === 'predict_all') return await predictAll();
    if (request.do === 'predict') return await predict(request);
    return { error: `no request ${request.do}` };
  } catch (error) {
    return { error: String(error.message).split('\n')[0] };
  }
}

async function main() {
  const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
  try {
    ort = require('onnxruntime-node');
    const raw = fs.readFileSync(`${path}.f32`);
    data = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
    count = data.length / size;
    await session(1);
  } catch (error) {
    say({ error: String(error.message).split('\n')[0] });
    return;
  }
  say({ peer: `ONNX Runtime ${ort.env.versions.node ?? ort.env.versions.common}` });
  for await (const line of readline.createInterface({ input: process.stdin })) say(await answer(JSON.parse(line)));
}

main();
