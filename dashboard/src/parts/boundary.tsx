import { Component, type ReactNode } from 'react';

interface Props {
  /** Name of the failed part, for the message. */
  readonly name: string;
  readonly children: ReactNode;
}

/** Keeps an error in one panel from blanking the page. */
export class Boundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <p role="alert" className="problem">
        The {this.props.name} cannot be shown: {error.message}
      </p>
    );
  }
}
