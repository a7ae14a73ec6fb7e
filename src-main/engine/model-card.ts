import * as v from 'valibot'

const Count = v.pipe(v.number(), v.integer(), v.minValue(1))
const Rate = v.pipe(v.number(), v.minValue(0), v.maxValue(1))

const OperatingPoint = v.object({
  fmr: Rate,
  threshold: v.pipe(v.number(), v.minValue(0), v.maxValue(2)), // Euclidean, unit-length embeddings
  tmr: Rate,
})

const CardForm = v.object({
  form: v.picklist(['photograph-photograph', 'photograph-template', 'burst-template']),
  template: Count, // photographs in the template
  burst: Count, // photographs fused into the probe
  people: Count,
  genuinePairs: Count,
  impostorPairs: Count,
  /** Only for rates that enough impostor pairs stand behind. */
  operatingPoints: v.array(OperatingPoint),
})

const ModelCard = v.object({
  model: v.string(),
  version: v.string(),
  measuredOn: v.string(),
  forms: v.array(CardForm),
})

/** One form of comparison, with what was measured for it. */
export type CardForm = v.InferOutput<typeof CardForm>

/** What was measured about a model before it came here: aggregate error rates, no photograph, no name. */
export type ModelCard = v.InferOutput<typeof ModelCard>

/** Checks a parsed `models/cards/*.json`. Throws a `ValiError` that names the first field that is wrong. */
export function parseModelCard(json: unknown): ModelCard {
  return v.parse(ModelCard, json)
}
