import { Component, type ReactNode } from 'react'

/** Says what went wrong instead of an empty page: a link that has expired, a browser without storage. */
export class Problem extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {}
  static getDerivedStateFromError = (error: Error) => ({ error })

  override render() {
    if (!this.state.error) return this.props.children
    return (
      <div role="alert" className="problem">
        <h1>This did not work</h1>
        <p>{this.state.error.message}</p>
        <button type="button" onClick={() => location.assign(location.pathname)}>
          Start again
        </button>
      </div>
    )
  }
}
