import type { Session, WebContents } from 'electron'
import { pageOrigin } from './page-protocol.ts'

/** The camera, for our own page; every other permission, device and download is refused. */
export function allowOnlyTheCamera(session: Session): void {
  session.setPermissionRequestHandler((contents, permission, answer, details) => {
    const mediaTypes = 'mediaTypes' in details ? (details.mediaTypes ?? []) : []
    const cameraOnly = permission === 'media' && mediaTypes.every((type) => type === 'video')
    answer(cameraOnly && isOurPage(contents.getURL()))
  })
  session.setPermissionCheckHandler((_contents, permission, origin, details) => {
    return permission === 'media' && details.mediaType === 'video' && isOurPage(origin)
  })
  session.setDevicePermissionHandler(() => false)
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
