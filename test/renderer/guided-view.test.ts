import { describe, expect, test } from 'vitest'
import type { Pose, Preview, QualityMeasure } from '../../src-main/contract.ts'
import { holdsView } from '../../src-main/vision/pose.ts'
import { fitOf } from '../../src-renderer/state/guided-view.ts'

const preview = (pose: Partial<Pose>, quality: QualityMeasure[] = []): Preview => ({
  faces: 1,
  box: null,
  landmarks: null,
  pose: { roll: 0, yaw: 0, pitch: 0, ...pose },
  quality,
  hint: null,
})
const failing = (component: QualityMeasure['component']): QualityMeasure => ({
  component,
  value: 0,
  limit: 1,
  unit: '',
  passes: false,
  sentence: `Mend ${component}`,
})

describe('a guided view', () => {
  test('fits where the head points to the asked side, and only there', () => {
    expect(fitOf('front', preview({})).kind).toBe('fits')
    expect(fitOf('left', preview({ yaw: 20 })).kind).toBe('fits')
    expect(fitOf('right', preview({ yaw: -20 })).kind).toBe('fits')
    expect(fitOf('up', preview({ pitch: 15 })).kind).toBe('fits')
    expect(fitOf('down', preview({ pitch: -15 })).kind).toBe('fits')
    expect(fitOf('left', preview({ yaw: -20 })).kind).toBe('not-yet')
    expect(fitOf('up', preview({ pitch: -15 })).kind).toBe('not-yet')
    expect(fitOf('front', preview({ yaw: 20 })).kind).toBe('not-yet')
  })

  test('says so when the head is turned too far', () => {
    expect(fitOf('left', preview({ yaw: 50 }))).toEqual({ kind: 'not-yet', hint: 'A little less far' })
  })

  test('waits for light and sharpness, but not for the pose it asked for itself', () => {
    expect(fitOf('front', preview({}, [failing('Luminance')]))).toEqual({
      kind: 'not-yet',
      hint: 'Mend Luminance',
    })
    expect(fitOf('left', preview({ yaw: 20 }, [failing('HeadPose')])).kind).toBe('fits')
  })

  test('is only asked for where the engine would keep it', () => {
    for (const view of ['front', 'left', 'right', 'up', 'down'] as const)
      for (let yaw = -60; yaw <= 60; yaw += 2)
        for (let pitch = -60; pitch <= 60; pitch += 2)
          if (fitOf(view, preview({ yaw, pitch })).kind === 'fits')
            expect(holdsView({ roll: 0, yaw, pitch }, view), `${view} ${yaw} ${pitch}`).toBe(true)
  })

  test('asks for a face while there is none', () => {
    expect(fitOf('front', null)).toEqual({ kind: 'not-yet', hint: 'Put your face into the ring' })
  })
})
