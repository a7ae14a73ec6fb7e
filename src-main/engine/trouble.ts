import type { Refusal } from '../contract.ts'
import { storageTrouble } from '../gallery/storage-trouble.ts'
import { ModelRefused } from '../onnx/model-store.ts'
import { refused } from './refusal.ts'

/** The refusal behind an error that any call can meet: trouble with the disk, or a model that is not the right one; null for a fault of ours. */
export function troubleBehind(error: unknown): Refusal | null {
  if (error instanceof ModelRefused) return refused('model-refused', error.message)
  return storageTrouble(error)?.refusal ?? null
}
