// Runs ONNX files with ONNX Runtime: node onnx_run.js JOBS.json, a list of {model, input, shape, output}; input and output are raw float32.
// Needs the npm package onnxruntime-node: ONNXRUNTIME_NODE_INSTALL_CUDA=skip npm install onnxruntime-node@1.20.1 (NODE_PATH names its folder).
const fs = require('fs');
const ort = require('onnxruntime-node');

async function main() {
  for (const job of JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))) {
    try {
      const session = await ort.InferenceSession.create(job.model, {intraOpNumThreads: 1});
      const bytes = fs.readFileSync(job.input);
      const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      const result = await session.run({[session.inputNames[0]]: new ort.Tensor('float32', values, job.shape)});
      const data = result[session.outputNames[0]].data;
      fs.writeFileSync(job.output, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    } catch (error) {
      fs.writeFileSync(job.output + '.error', String(error));
    }
  }
}
main();
