import type { Session, WebContents } from 'electron'
import { pageOrigin } from './page-protocol.ts'

/** The camera, for our own page, and files that the page made itself; every other permission, device and download is refused. */
export function allowOnlyTheCamera(session: Session): void {
  session.setPermissionRequestHandler((contents, permission, answer, details) => {
    const mediaTypes = 'mediaTypes' in details ? (details.mediaTypes ?? []) : []
    // No type at all is not the camera either: the old way to capture the screen asks so.
    const cameraOnly = permission === 'media' && mediaTypes.length > 0 && !mediaTypes.includes('audio')
    answer(cameraOnly && isOurPage(contents.getURL()))
  })
  session.setPermissionCheckHandler((_contents, permission, origin, details) => {
    return permission === 'media' && details.mediaType === 'video' && isOurPage(origin)
  })
  session.setDevicePermissionHandler(() => false)
  session.on('will-download', (event, item) => {
    if (!item.getURL().startsWith(`blob:${pageOrigin}/`)) event.preventDefault()
  })
}

/** The page stays where it is: no navigation, no window, no embedded page. */
export function keepToThePage(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  contents.on('will-navigate', (event) => event.preventDefault())
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.on('will-frame-navigate', (event) => {
    if (!isOurPage(event.url)) event.preventDefault()
  })
}

function isOurPage(url: string): boolean {
  return url === pageOrigin || url.startsWith(pageOrigin + '/')
}
