// The library's deep paths say where its code is but not its types. Its one entry would pull every mark it has into
// the page: 150 components for the nine that are drawn.
declare module 'svelteplot/Plot.svelte' {
  export { Plot as default } from 'svelteplot'
}
declare module 'svelteplot/marks/Area.svelte' {
  import type { Component } from 'svelte'
  // The entry's `Area` is hidden behind a type of the same name; here is what of it is used.
  const Area: Component<{
    data: { [channel: string]: number }[]
    x1: string
    y1: string | number
    y2: string
    curve?: 'linear' | 'step-after'
    fill: string
    fillOpacity: number
    stroke: string
    clipPath?: string
  }>
  export default Area
}
declare module 'svelteplot/marks/AxisX.svelte' {
  export { AxisX as default } from 'svelteplot'
}
declare module 'svelteplot/marks/AxisY.svelte' {
  export { AxisY as default } from 'svelteplot'
}
declare module 'svelteplot/marks/Dot.svelte' {
  export { Dot as default } from 'svelteplot'
}
declare module 'svelteplot/marks/GridX.svelte' {
  export { GridX as default } from 'svelteplot'
}
declare module 'svelteplot/marks/GridY.svelte' {
  export { GridY as default } from 'svelteplot'
}
declare module 'svelteplot/marks/Line.svelte' {
  export { Line as default } from 'svelteplot'
}
