import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { kernelCases } from './kernel-table.ts'

/** Debian's Chromium brings a Vulkan driver in software: slow, but right. */
const driver = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/usr/lib64/chromium', '/opt/google/chrome']
  .map((folder) => join(folder, 'vk_swiftshader_icd.json'))
  .find(existsSync)

/**
 * Vulkan allows sine and cosine an error of 2⁻¹¹, and the inverse functions 4096 units in the last place (Vulkan
 * specification, “Precision and Operation of SPIR-V Instructions”).
 */
const loose = new Set(['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Atan2', 'Asin', 'Atanh'])
const bound = (kernel: string) => (loose.has(kernel) ? 5e-4 : 1e-5)

const name = 'the WebGPU provider computes what TensorFlow.js computes, kernels and gradients'
if (!driver) {
  const why = 'no software Vulkan driver here: WebGPU was not tested (install Debian’s “chromium”)'
  console.warn(why)
  test.skip(`${name} — ${why}`)
} else {
  test(name, { timeout: 300_000 }, async () => {
    const child = join(import.meta.dirname, 'webgpu-child.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [child], {
      env: {
        ...process.env,
        VK_ICD_FILENAMES: driver,
        LD_LIBRARY_PATH: [dirname(driver), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
      },
      maxBuffer: 2 ** 24,
    })
    const results = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Result)
    expect(results).toHaveLength(kernelCases.length)
    const wrong = results.filter(
      ({ index, worst }) => typeof worst !== 'number' || !(worst < bound(kernelCases[index]!.kernel)),
    )
    expect(wrong).toEqual([])
  })
}

interface Result {
  index: number
  title: string
  worst?: number | string
  error?: string
}
