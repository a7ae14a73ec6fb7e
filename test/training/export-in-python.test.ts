import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { initialParameters, initialStatistics } from '../../src-main/learning/networks/initialise.ts'
import { mobileFaceNet } from '../../src-main/learning/networks/mobile-face-net.ts'
import { smallResNet } from '../../src-main/learning/networks/small-res-net.ts'
import { exportNetwork } from '../../src-main/training/export-network.ts'

/** Opens an exported file as any other program does, and gives inputs, metadata and the embeddings of one batch. */
const program = `
import json, sys
import numpy, onnxruntime
file, batch, side = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
image = (numpy.arange(batch * side * side * 3) * 37 % 256).astype("float32").reshape(batch, side, side, 3)
embedding = session.run(["embedding"], {"image": image})[0]
print(json.dumps({
    "version": onnxruntime.__version__,
    "inputs": [[one.name, one.shape] for one in session.get_inputs()],
    "metadata": session.get_modelmeta().custom_metadata_map,
    "embedding": embedding.tolist(),
}))`

const python = spawnSync('python3', ['-c', 'import onnxruntime, numpy']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'export-'))
beforeAll(() => tf.setBackend('cpu'))
afterAll(() => rmSync(folder, { recursive: true }))

// A test left out shows in the summary, with its reason in its name.
test.skipIf(!python).each([
  ['the small ResNet', smallResNet({ sidePx: 32 })],
  ['MobileFaceNet', mobileFaceNet({ sidePx: 32 })],
])(
  `onnxruntime in Python opens an export of %s and gives the same embeddings${python ? '' : ' – left out: python3 has no onnxruntime'}`,
  async (_, network) => {
    const { onnx } = await exportNetwork(
      network,
      {
        parameters: initialParameters(network.parameters, 3),
        statistics: initialStatistics(network.statistics),
      },
      { training: 'for a test' },
    )
    const [batch, side] = [3, 32]
    const file = join(folder, 'trained.onnx')
    writeFileSync(file, onnx)
    const { stdout, stderr } = spawnSync('python3', ['-c', program, file, `${batch}`, `${side}`], {
      encoding: 'utf8',
    })
    expect(stdout, stderr).not.toBe('')
    const found = JSON.parse(stdout) as {
      inputs: [string, (string | number)[]][]
      metadata: Record<string, string>
      embedding: number[][]
    }
    expect(found.inputs).toEqual([['image', ['batch', side, side, 3]]])
    expect(found.metadata).toMatchObject({ network: network.name, training: 'for a test' })

    const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 })
    const pixels = Float32Array.from({ length: batch * side * side * 3 }, (_, i) => (i * 37) % 256)
    const { embedding } = await session.run({ image: new Tensor('float32', pixels, [batch, side, side, 3]) })
    await session.release()
    const ours = embedding!.data as Float32Array
    expect(found.embedding.map((row) => row.length)).toEqual([128, 128, 128])
    const scale = Math.hypot(...ours) / Math.sqrt(ours.length)
    found.embedding
      .flat()
      .forEach((value, i) => expect(Math.abs(value - ours[i]!)).toBeLessThanOrEqual(1e-5 * scale))
  },
  60_000,
)
