import sharp from 'sharp'

/** Colours of a drawn person; no real face is needed to look at the page. */
export interface Drawn {
  skin: string
  hair: string
  shirt: string
}

const width = 640
const height = 480
const centre = { x: 320, y: 218 }
const half = { x: 84, y: 112 }

/** A person drawn before a plain wall, 640×480. */
export function drawnPicture({ skin, hair, shirt }: Drawn): string {
  const { x, y } = centre
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><linearGradient id="wall" x1="0" y1="0" x2="1" y2="1"><stop stop-color="#b9c1c6"/><stop offset="1" stop-color="#8d989f"/></linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#wall)"/>
    <path d="M${x - 190} ${height}C${x - 180} 380 ${x - 90} 362 ${x - 44} 346L${x + 44} 346C${x + 90} 362 ${x + 180} 380 ${x + 190} ${height}Z" fill="${shirt}"/>
    <path d="M${x - 40} 280L${x - 44} 352Q${x} 384 ${x + 44} 352L${x + 40} 280Z" fill="${skin}" filter="brightness(0.85)"/>
    <ellipse cx="${x}" cy="${y - 26}" rx="${half.x + 18}" ry="${half.y - 4}" fill="${hair}"/>
    <ellipse cx="${x}" cy="${y}" rx="${half.x}" ry="${half.y}" fill="${skin}"/>
    <path d="M${x - half.x - 4} ${y - 40}Q${x - 40} ${y - 128} ${x + 30} ${y - 104}Q${x + 84} ${y - 92} ${x + half.x + 4} ${y - 36}Q${x + 60} ${y - 80} ${x - 6} ${y - 76}Q${x - 60} ${y - 74} ${x - half.x - 4} ${y - 40}Z" fill="${hair}"/>
    <g fill="none" stroke="${hair}" stroke-width="6" stroke-linecap="round"><path d="M${x - 52} ${y - 34}q18 -10 36 -2M${x + 16} ${y - 36}q18 -8 36 2"/></g>
    <g fill="#2b2422"><circle cx="${x - 34}" cy="${y - 12}" r="7"/><circle cx="${x + 34}" cy="${y - 12}" r="7"/></g>
    <path d="M${x} ${y - 6}q-10 32 -6 38q6 5 14 0" fill="none" stroke="#000" stroke-opacity=".22" stroke-width="4" stroke-linecap="round"/>
    <path d="M${x - 30} ${y + 58}q30 22 60 0" fill="none" stroke="#8c3b32" stroke-width="6" stroke-linecap="round"/>
  </svg>`
}

/** The square crop of a drawn person as the gallery would keep it, JPEG. */
export async function drawnCrop(drawn: Drawn): Promise<Uint8Array> {
  const picture = sharp(Buffer.from(drawnPicture(drawn))).extract({
    left: 180,
    top: 74,
    width: 280,
    height: 280,
  })
  return new Uint8Array(await picture.resize(256).jpeg().toBuffer())
}

/** 68 landmarks of the drawn face: its jaw and brows are where they were drawn, the rest is between them. */
export function drawnLandmarks(): number[] {
  const points: number[] = []
  for (let i = 0; i < 17; i++) {
    const angle = Math.PI * (1 - i / 16) // from the picture's left ear under the chin to the right
    points.push(centre.x + half.x * Math.cos(angle), centre.y - 8 + (half.y + 8) * Math.sin(angle))
  }
  for (let i = 0; i < 5; i++) points.push(centre.x - 54 + i * 9, centre.y - 36)
  for (let i = 0; i < 5; i++) points.push(centre.x + 18 + i * 9, centre.y - 36)
  while (points.length < 68 * 2) points.push(centre.x, centre.y)
  return points
}

/** A still camera: the drawn person as a raw film that Chromium's fake camera plays in a loop (limited-range BT.601). */
export async function drawnFilm(drawn: Drawn): Promise<Buffer> {
  const { data } = await sharp(Buffer.from(drawnPicture(drawn)))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const luma = Buffer.alloc(width * height)
  const blue = Buffer.alloc((width * height) / 4)
  const red = Buffer.alloc((width * height) / 4)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3
      const [r, g, b] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0]
      luma[y * width + x] = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255
      if (x % 2 || y % 2) continue
      const chroma = (y / 2) * (width / 2) + x / 2
      blue[chroma] = 128 + (-37.797 * r - 74.203 * g + 112 * b) / 255
      red[chroma] = 128 + (112 * r - 93.786 * g - 18.214 * b) / 255
    }
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, blue, red])
  return Buffer.concat([
    Buffer.from(`YUV4MPEG2 W${width} H${height} F30:1 Ip A1:1 C420mpeg2\n`),
    frame,
    frame,
  ])
}
