import type { Frame } from '../../src-main/contract.ts'

export type CameraCondition =
  | 'off' // no view needs it
  | 'starting'
  | 'live'
  | 'denied' // the user or the system refused
  | 'missing' // no camera, or none any more
  | 'busy' // another program holds it
  | 'unsupported' // the page is not in a secure context

const frameHeightPx = 480 // what the networks can use; a larger frame only costs time

/** The camera's life: asked for while a view holds it, lost and found again, one video element for all views. */
export class Camera {
  condition = $state<CameraCondition>('off')
  label = $state('')
  devices = $state.raw<{ id: string; label: string }[]>([])
  /** Pixels of the frames that are sent, and so of every box and landmark that comes back. */
  size = $state.raw({ width: 640, height: 480 })
  readonly video = document.createElement('video')

  #wanted: string | null = null
  #holders = 0
  #stream: MediaStream | null = null
  #generation = 0
  #pictures = 0
  #awaiting: (() => void) | null = null
  readonly #canvas = new OffscreenCanvas(16, 16)
  readonly #context = this.#canvas.getContext('2d', { willReadFrequently: true })

  constructor() {
    this.video.muted = true
    this.video.playsInline = true
    this.video.autoplay = true
    this.video.setAttribute('aria-label', 'Live picture of the camera')
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.#devicesChanged())
    // Granting the camera in the browser's own settings needs no reload of the page.
    navigator.permissions
      ?.query({ name: 'camera' as PermissionName })
      .then((permission) => {
        permission.onchange = () => {
          if (permission.state !== 'denied' && this.#holders > 0 && this.condition !== 'live')
            void this.start()
        }
      })
      .catch(() => {}) // a browser that does not know this permission only loses the comfort
  }

  /** Keeps the camera on until the returned function is called; the last one to leave turns it off. */
  hold(): () => void {
    this.#holders++
    if (this.#holders === 1) void this.start()
    return () => {
      this.#holders--
      // A view that follows at once finds the camera warm.
      setTimeout(() => this.#holders === 0 && this.#stop(), 400)
    }
  }

  /** The device to use from now on; null is the system's first. */
  choose(device: string | null) {
    if (device === this.#wanted) return
    this.#wanted = device
    if (this.#holders > 0) void this.start()
  }

  async start() {
    if (!navigator.mediaDevices) {
      this.condition = 'unsupported'
      return
    }
    const generation = ++this.#generation
    this.condition = 'starting'
    this.#release()
    try {
      const stream = await this.#ask()
      if (generation !== this.#generation || this.#holders === 0) {
        for (const track of stream.getTracks()) track.stop()
        return
      }
      await this.#show(stream)
    } catch (error) {
      if (generation === this.#generation) this.condition = conditionAfter(error)
    }
    await this.#listDevices()
  }

  /** The newest picture, at most 480 px high; null while there is none. */
  frame(): Frame | null {
    if (
      this.condition !== 'live' ||
      this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA ||
      !this.#context
    )
      return null
    const { width, height } = this.size
    this.#context.drawImage(this.video, 0, 0, width, height)
    const { data } = this.#context.getImageData(0, 0, width, height)
    return { width, height, rgba: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
  }

  /** Resolves with the number of a picture later than `seen`, at once where there is one; after 250 ms in any case. */
  nextPicture(seen: number): Promise<number> {
    if (this.#pictures > seen) return Promise.resolve(this.#pictures)
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timeout)
        this.#awaiting = null
        resolve(this.#pictures)
      }
      const timeout = setTimeout(done, 250)
      this.#awaiting = done
    })
  }

  #countPictures(stream: MediaStream) {
    this.video.requestVideoFrameCallback(() => {
      if (stream !== this.#stream) return
      this.#pictures++
      this.#awaiting?.()
      this.#countPictures(stream)
    })
  }

  async #ask(): Promise<MediaStream> {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } }
    if (this.#wanted === null) return navigator.mediaDevices.getUserMedia({ video: size })
    try {
      return await navigator.mediaDevices.getUserMedia({
        video: { ...size, deviceId: { exact: this.#wanted } },
      })
    } catch (error) {
      // The chosen camera is unplugged: the one that is there serves until it is back.
      if (error instanceof DOMException && ['OverconstrainedError', 'NotFoundError'].includes(error.name))
        return navigator.mediaDevices.getUserMedia({ video: size })
      throw error
    }
  }

  async #show(stream: MediaStream) {
    this.#stream = stream
    const [track] = stream.getVideoTracks()
    this.label = track?.label ?? ''
    track?.addEventListener('ended', () => {
      if (this.#stream !== stream) return
      this.#release()
      this.condition = 'missing'
    })
    this.video.srcObject = stream
    await this.video.play()
    const height = Math.min(frameHeightPx, this.video.videoHeight)
    const width = Math.round((this.video.videoWidth * height) / this.video.videoHeight)
    this.#canvas.width = width
    this.#canvas.height = height
    this.size = { width, height }
    this.condition = 'live'
    this.#countPictures(stream)
  }

  async #devicesChanged() {
    await this.#listDevices()
    if (this.#holders === 0) return
    const wantedIsBack =
      this.devices.some((device) => device.id === this.#wanted) && this.#deviceInUse() !== this.#wanted
    if (this.condition === 'missing' || (this.condition === 'live' && wantedIsBack)) void this.start()
  }

  async #listDevices() {
    const found = await navigator.mediaDevices.enumerateDevices()
    this.devices = found
      .filter((device) => device.kind === 'videoinput' && device.deviceId)
      .map((device, i) => ({ id: device.deviceId, label: device.label || `Camera ${i + 1}` }))
  }

  #deviceInUse(): string | null {
    return this.#stream?.getVideoTracks()[0]?.getSettings().deviceId ?? null
  }

  #stop() {
    this.#generation++
    this.#release()
    this.condition = 'off'
  }

  #release() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop()
    this.#stream = null
    this.video.srcObject = null
  }
}

function conditionAfter(error: unknown): CameraCondition {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy'
  return 'missing'
}
