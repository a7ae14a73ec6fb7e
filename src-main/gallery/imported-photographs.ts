import type { Refusal } from '../contract.ts'
import type { ExportedModel, ExportedPerson } from './export-records.ts'

type ExportedPhotograph = ExportedPerson['photographs'][number]
type Seen = ExportedPhotograph['embeddings'][number]

/** What a model makes of a kept crop: one that is here, or the one in use (null). Null where there is no such model, or no picture. */
export type LookAt = (crop: Uint8Array, modelVersion: string | null) => Promise<Seen | null>

/** What looks at the crops of a file. */
export interface Looker {
  /**
   * Opens what will be needed, before anything is written: throws where a model of this machine does not open, refuses a
   * file whose network does not. Gives each network as it is built here of its numbers: nothing of the file itself may run.
   */
  ready(needs: {
    hasCrops: boolean
    networks: { version: string; onnx: Uint8Array }[]
  }): Promise<{ kind: 'ready'; networks: ReadonlyMap<string, Uint8Array> } | Refusal>
  /** Models of the file that come with everything else, and are not here before: crops are looked at with them too. */
  know(models: readonly Pick<ExportedModel, 'version' | 'description' | 'head' | 'network'>[]): void
  look: LookAt
  /** Closes what was opened of the file: at the end of the import, however it ends. */
  close(): Promise<void>
}

/** As where there is no picture. */
export const nobodyLooks: LookAt = () => Promise.resolve(null)

/**
 * A person of a file with what models that are here make of the crops, in place of what the file says of them where that is
 * something else: whoever looks at the pictures of a person must see who is let in as them. What models that are not here
 * made of a crop is left out. Where there is no picture, nothing can be checked: the file's numbers stay, and are counted.
 */
export async function asTheirCropsShow(
  person: ExportedPerson,
  look: LookAt,
): Promise<{ person: ExportedPerson; changed: number; unchecked: number }> {
  let [changed, unchecked] = [0, 0]
  const photographs: ExportedPhotograph[] = []
  for (const photograph of person.photographs) {
    const embeddings = photograph.crop ? await checked(photograph.crop, photograph.embeddings, look) : null
    if (!embeddings) unchecked++
    if (embeddings?.some((seen) => !photograph.embeddings.includes(seen))) changed++
    photographs.push(embeddings ? { ...photograph, embeddings } : photograph)
  }
  return { person: { ...person, photographs }, changed, unchecked }
}

/** Null where the crop is no picture. */
async function checked(crop: Uint8Array, said: readonly Seen[], look: LookAt): Promise<Seen[] | null> {
  const embeddings: Seen[] = []
  for (const each of said) {
    const seen = await look(crop, each.modelVersion)
    if (seen) embeddings.push(isSame(seen, each) ? each : seen)
  }
  if (embeddings.length > 0) return embeddings
  const now = await look(crop, null)
  return now && [now]
}

/** As far as two machines agree. */
function isSame(a: Seen, b: Seen): boolean {
  return farther(a.embedding, b.embedding) <= most && farther(a.features, b.features) <= most
}

const most = 0.01 // of the vector's length: two people's embeddings are half of it apart, two machines' a ten-thousandth

function farther(seen: Float32Array, said: Float32Array): number {
  if (seen.length !== said.length) return Infinity
  let [squares, length] = [0, 0]
  for (const [i, value] of seen.entries()) {
    squares += (value - said[i]!) ** 2
    length += value ** 2
  }
  return Math.sqrt(squares / Math.max(length, 1e-12))
}
