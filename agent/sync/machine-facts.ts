/** What the server's list shows of this machine. */
export interface MachineFacts {
  readonly hostname: string;
  readonly platform: string;
  readonly agentVersion: string;
  readonly protector: string;
}
