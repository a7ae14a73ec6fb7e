/** Takes the focus where nothing else has it: for what comes into a view after the view itself. */
export function arriving(element: HTMLElement) {
  if (document.activeElement === document.body) element.focus()
}
