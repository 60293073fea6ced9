/** What `portcullis up` and the process of its services say to each other, over the channel that `fork` lays. */
import type { PolicyFile } from '../../policy/policyFiles.ts';
import type { ServicesOptions } from './startServices.ts';

/** The ways to call: what is given, and what is answered. */
export interface Calls {
  start: { given: ServicesOptions; answered: Started };
  tokenFor: { given: string; answered: string };
  tokenForProxy: { given: undefined; answered: string };
  usePolicy: { given: readonly PolicyFile[]; answered: undefined };
}

export interface Started {
  readonly issuer: string;
  readonly providerPort: number;
  readonly collectorUrl: string;
  readonly collectorPort: number;
}

export interface Call {
  readonly id: number;
  readonly name: keyof Calls;
  readonly given: unknown;
}

export type Answer =
  | { readonly id: number; readonly answered: unknown }
  | { readonly id: number; readonly problem: string };
