import { join } from 'node:path'
import type { Refusal } from '../../contract.ts'
import { asBytes } from '../../gallery/trained-on.ts'
import { noSuchModel } from '../../gallery/versions.ts'
import { loadModel } from '../../onnx/model-store.ts'
import type { CandidateReport } from '../../training/gallery-run/retrain-gallery.ts'
import { projectFolder } from '../open-parts.ts'
import type { Parts } from '../parts.ts'
import { chained } from './chained-network.ts'
import { withNote, type Note } from './exported-model.ts'
import { modelSummary, pretrainedVersion } from './model-list.ts'

/**
 * A model as a standalone ONNX file, `image` [n, 150, 150, 3] in, `embedding` [n, 128] and `features` out, whose metadata
 * says where it comes from. A head goes with the network under it, as one. No person and no photograph is named in it,
 * but its numbers were made from faces.
 */
export async function exportModel(
  parts: Parts,
  version: string,
): Promise<{ kind: 'exported'; fileName: string; bytes: Uint8Array } | Refusal> {
  const { gallery } = parts
  const summary = modelSummary(parts, version)
  if (!summary) return noSuchModel
  const network = await networkFile(parts, version)
  const described = gallery.models.version(version)
  const head = gallery.models.head(version)
  const fileName = `semblance-${summary.name.replaceAll(' ', '-')}-${version}.onnx`
  if (!described) {
    const note = {
      ...madeElsewhere,
      kind: 'pre-trained' as const,
      version,
      base: version,
      parent: version,
      card: (parts.pretrained ?? parts).card,
    }
    return { kind: 'exported', fileName, bytes: withNote(network, note) }
  }
  const { base, parent, recipe, processor, seconds, trainedOn, verdict, card } = described
  const bytes = withNote(head ? chained(network, head) : network, {
    kind: described.kind,
    version,
    base,
    parent,
    recipe,
    processor,
    seconds,
    trainedOn: {
      ...trainedOn,
      people: trainedOn.people.length,
      strangers: asBytes(gallery.models.strangersThatTrained(version)).toString('base64'),
    },
    verdict,
    report: withoutPeople(described.report as CandidateReport),
    card,
    head: head && Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('base64'),
  })
  return { kind: 'exported', fileName, bytes }
}

/** The network that makes a version's embeddings, its own or the one its head goes over, as its ONNX file. */
export async function networkFile(parts: Parts, version: string): Promise<Uint8Array> {
  const { gallery } = parts
  const under = version === pretrainedVersion(parts) ? version : gallery.models.networkUnder(version)
  const kept = gallery.models.network(under)
  return kept ?? (await loadModel(join(projectFolder(), 'models'), 'face-recognition')).bytes
}

const madeElsewhere: Pick<
  Note,
  'recipe' | 'processor' | 'seconds' | 'trainedOn' | 'verdict' | 'report' | 'head'
> = {
  recipe: {},
  processor: '',
  seconds: 0,
  trainedOn: { people: 0, photographs: 0, others: '', hash: '' },
  verdict: 'promote',
  report: {},
  head: null,
}

/** The gate's lines, without whom they are about: a number of a person means nothing elsewhere, and is nobody's business. */
function withoutPeople({ kind, lines, failed, sentence, threshold, strangers }: CandidateReport) {
  return { kind, lines, failed, sentence, threshold, strangers }
}
