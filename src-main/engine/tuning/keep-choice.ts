import type { PersonalChoice, Refusal, ThresholdChoice } from '../../contract.ts'
import { upToDate } from '../model-in-use.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'

/**
 * Keeps a threshold, everybody's or a person's own, where the model it was measured under is in use at that very moment:
 * one that came into use meanwhile, in this process or another, has distances of its own, and what was chosen for it
 * stays. Refuses with 'changed-meanwhile'.
 */
export function keepChoice(
  parts: Parts,
  choice: ThresholdChoice | PersonalChoice,
): { kind: 'kept' } | Refusal {
  const { gallery } = parts
  return gallery.atOneMoment(() => {
    if (upToDate(parts).model.version !== choice.model.version) return changedMeanwhile
    if ('person' in choice) gallery.choices.setPersonal(choice)
    else gallery.choices.set(choice)
    return { kind: 'kept' as const }
  })
}

const changedMeanwhile = refused(
  'changed-meanwhile',
  'Another model came into use while this one was measured: the threshold was not kept. Measure again, under the model that is in use now.',
)
