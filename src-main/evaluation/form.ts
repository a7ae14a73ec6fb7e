/** Which kinds of evidence a distance compares; the same words as the contract's. */
export type ComparisonForm = 'photograph-photograph' | 'photograph-template' | 'burst-template'

/** A form with its sizes. A threshold belongs to one form and to no other: they are not interchangeable. */
export interface Form {
  form: ComparisonForm
  templatePhotographs: number // 1 where a single photograph is the reference
  burstPhotographs: number // 1 where a single photograph is the probe
}

export const photographForm: Form = {
  form: 'photograph-photograph',
  templatePhotographs: 1,
  burstPhotographs: 1,
}

/** The form that `templatePhotographs` enrolled and `burstPhotographs` fused photographs make. */
export function formOf(templatePhotographs: number, burstPhotographs: number): Form {
  if (burstPhotographs > 1) return { form: 'burst-template', templatePhotographs, burstPhotographs }
  if (templatePhotographs > 1) return { form: 'photograph-template', templatePhotographs, burstPhotographs }
  return photographForm
}

/** Whether a threshold measured in form `a` may judge a comparison of form `b`. */
export function sameForm(a: Form, b: Form): boolean {
  return (
    a.form === b.form &&
    a.templatePhotographs === b.templatePhotographs &&
    a.burstPhotographs === b.burstPhotographs
  )
}

/** "three photographs fused against a template of five", as it stands beside a rate. */
export function formInWords({ form, templatePhotographs, burstPhotographs }: Form): string {
  switch (form) {
    case 'photograph-photograph':
      return 'photograph × photograph'
    case 'photograph-template':
      return `photograph × template of ${templatePhotographs}`
    case 'burst-template':
      return `burst of ${burstPhotographs} × template of ${templatePhotographs}`
  }
}
