import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Values } from '../learning/networks/initialise.ts'
import { readTensorFile, writeTensorFile } from './tensor-file.ts'

/** A run as it stood between two steps. */
export interface Checkpoint {
  stepsDone: number
  /** Everything that decides the run's numbers; a run of other settings does not continue it. */
  settings: string
  state: Values
}

/** Where a run's newest checkpoint lies. */
export const checkpointPath = (folder: string) => join(folder, 'checkpoint.safetensors')

/** Replaces the folder's checkpoint; whatever interrupts it, one whole checkpoint remains. */
export async function saveCheckpoint(
  folder: string,
  { stepsDone, settings, state }: Checkpoint,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeTensorFile(checkpointPath(folder), {
    tensors: state,
    notes: { stepsDone: String(stepsDone), settings },
  })
}

/** The folder's checkpoint, or null where there is none. Throws when it is damaged or belongs to other settings. */
export async function loadCheckpoint(folder: string, settings: string): Promise<Checkpoint | null> {
  try {
    const { tensors, notes } = await readTensorFile(checkpointPath(folder))
    if (notes.settings !== settings)
      throw new Error(
        `the checkpoint in ${folder} belongs to a run with other settings: ${notes.settings}; this run has ${settings}`,
      )
    return { stepsDone: Number(notes.stepsDone), settings, state: tensors }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
