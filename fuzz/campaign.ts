/** Random input to one part of the service, for as long as it takes. The same seed gives the same inputs. */
export interface Campaign {
  name: string;
  /** What goes in and what must come of it, in a line. */
  describes: string;
  run(settings: CampaignSettings): Promise<CampaignReport>;
}

export interface CampaignSettings {
  seed: number;
  /** A tenth of the inputs or less: for continuous integration. */
  short: boolean;
}

export interface CampaignReport {
  inputs: number;
  /** How often each way to end came about, such as `completed` or an error code. */
  outcomes: Record<string, number>;
  /** Every input that did not end as it must: what it was, and what became of it. Empty when all is well. */
  failures: string[];
  /** Further measurements, a line each. */
  notes?: string[];
}
