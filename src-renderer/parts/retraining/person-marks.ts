/** How many colours and shapes tell people apart in a map: together enough for fifty, then they come again. */
export const colours = 10
const shapes = ['circle', 'square', 'triangle', 'diamond', 'cross'] as const
export type Shape = (typeof shapes)[number]

/** The colour and shape of the person at this place of the list: neighbours differ in both. */
export const markOf = (place: number): { colour: string; shape: Shape } => ({
  colour: `var(--person-${place % colours})`,
  // One step further with each round of colours, so that ten people of one colour never share a shape.
  shape: shapes[(place + Math.floor(place / colours)) % shapes.length]!,
})

/** The outline of a shape about a point, `r` px from its middle; all cover about the same area. */
export function outline(shape: Shape, x: number, y: number, r: number): string {
  const at = (dx: number, dy: number) => `${(x + dx).toFixed(1)} ${(y + dy).toFixed(1)}`
  switch (shape) {
    case 'circle':
      return `M${at(-r, 0)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`
    case 'square': {
      const s = r * 0.9
      return `M${at(-s, -s)}L${at(s, -s)}L${at(s, s)}L${at(-s, s)}Z`
    }
    case 'triangle': {
      const s = r * 1.2
      return `M${at(0, -s)}L${at(s, s * 0.8)}L${at(-s, s * 0.8)}Z`
    }
    case 'diamond': {
      const s = r * 1.3
      return `M${at(0, -s)}L${at(s, 0)}L${at(0, s)}L${at(-s, 0)}Z`
    }
    case 'cross': {
      const [s, w] = [r * 1.15, r * 0.42]
      return `M${at(-w, -s)}L${at(w, -s)}L${at(w, -w)}L${at(s, -w)}L${at(s, w)}L${at(w, w)}L${at(w, s)}L${at(-w, s)}L${at(-w, w)}L${at(-s, w)}L${at(-s, -w)}L${at(-w, -w)}Z`
    }
  }
}
