/** From what the file says of a sink to the one that sends. */
import { openJsonLines } from './jsonLines.ts';
import { openOtlpLogs } from './otlpLogs.ts';
import type { Sink, SinkSettings } from './sink.ts';
import { openSyslog } from './syslog.ts';
import { openWebhook } from './webhook.ts';

export function openSink({ target, timeoutMs }: SinkSettings): Sink {
  switch (target.kind) {
    case 'webhook':
      return openWebhook(target, timeoutMs);
    case 'otlp':
      return openOtlpLogs(target, timeoutMs);
    case 'syslog':
      return openSyslog(target, timeoutMs);
    case 'jsonLines':
      return openJsonLines(target);
  }
}
