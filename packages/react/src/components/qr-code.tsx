import encodeQR from 'qr'
import { type ReactNode, useMemo } from 'react'

/** A text as a QR code that takes the colour of the text around it. `label` is what screen readers say. */
export const QrCode = ({ text, label = 'QR code' }: { text: string; label?: string }): ReactNode => {
  const { size, path } = useMemo(() => toPath(text), [text])
  return (
    <svg data-kith="qr-code" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <path d={path} fill="currentColor" />
    </svg>
  )
}

/** One path for all dark modules: a link makes some thousand. */
const toPath = (text: string): { size: number; path: string } => {
  // Low correction, because a screen is not smudged and a code with fewer modules is read from further away.
  const rows = encodeQR(text, 'raw', { ecc: 'low', border: 2 })
  const parts = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
  return { size: rows.length, path: parts.join('') }
}
