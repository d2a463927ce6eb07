// run_onnx.js - runs ONNX files in ONNX Runtime, all of them in one process
// SPDX-License-Identifier: MIT
//
// usage: node run_onnx.js < JOBS
//
// JOBS is a JSON list of {"model": PATH, "inputs": [{"name", "dims", "path"}, ...], "output": PATH}. The paths of inputs
// and output hold raw float32. Prints a JSON list with, for each job, {"name", "dims"} of its first output, or {"error"}.
// Needs onnxruntime-node (found through NODE_PATH).
'use strict';
const fs = require('fs');

let ort;

function read({ dims, path }) {
  const raw = fs.readFileSync(path);
  const data = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
  return new ort.Tensor('float32', data, dims);
}

async function run(job) {
  try {
    const session = await ort.InferenceSession.create(job.model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
    const feeds = Object.fromEntries(job.inputs.map((input) => [input.name, read(input)]));
    const name = session.outputNames[0];
    const { data, dims } = (await session.run(feeds))[name];
    fs.writeFileSync(job.output, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return { name, dims };
  } catch (error) {
    return { error: String(error.message).split('\n')[0] };
  }
}

async function main() {
  ort = require('onnxruntime-node');
  const results = [];
  for (const job of JSON.parse(fs.readFileSync(0))) results.push(await run(job));
  process.stdout.write(JSON.stringify(results));
}

main();
