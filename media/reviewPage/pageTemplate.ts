/** The page from top to bottom. Every text is a text node: whatever a request holds, it stays text. */
import { html, nothing, type TemplateResult } from 'lit';
import type { RequestSnapshot, RequestView, TextPart } from '../../extension/kit/reviewMessages.ts';
import { decisionForm, type FormState } from './decisionForm.ts';

export function pageTemplate(snapshot: RequestSnapshot, form: FormState): TemplateResult {
  const { request, problem, busy } = snapshot;
  const alert = problem === undefined ? nothing : html`<p class="problem" role="alert">${problem}</p>`;
  if (request === undefined)
    return html`<main>${problem === undefined ? html`<p role="status">Reading the request…</p>` : alert}</main>`;
  return html`<main>
    ${headTemplate(request)} ${unmaskTemplate(request)} ${reasonTemplate(request)} ${statementTemplate(request)} ${parametersTemplate(request)}
    ${findingsTemplate(request)} ${relationsTemplate(request)} ${reviewsTemplate(request)}
    ${alert} ${decisionForm(request, busy, form)}
  </main>`;
}

function headTemplate(request: RequestView): TemplateResult {
  return html`<header>
    <h1>
      Request on ${request.connection}
      <span
        class="environment ${request.isProduction ? 'production' : ''}"
        title=${request.isProduction ? 'Counts as production' : nothing}
        >${request.environment}</span>
    </h1>
    <p class="state ${request.state}" aria-live="polite">${request.stateText}</p>
    <dl>${request.facts.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
  </header>`;
}

function unmaskTemplate({ unmask }: RequestView): TemplateResult | typeof nothing {
  if (unmask === undefined) return nothing;
  return html`<section class="unmask">
    <h2>To be seen in clear <span class="count">${unmask.duration}</span></h2>
    <ul class="relations">
      ${unmask.columns.map(
        ({ column, classification }) =>
          html`<li><code>${column}</code> <span class="badge">${classification}</span></li>`,
      )}
    </ul>
    <p class="none">In every statement of this person on this connection; each one that shows them is recorded with this request.</p>
  </section>`;
}

function reasonTemplate({ reason }: RequestView): TemplateResult {
  return html`<section>
    <h2>Reason</h2>
    ${reason === '' ? html`<p class="none">None given.</p>` : html`<p class="words">${reason}</p>`}
  </section>`;
}

function statementTemplate({ lines, findings, unmask }: RequestView): TemplateResult {
  const count = lines.length === 1 ? '1 line' : `${lines.length} lines`;
  const part = ({ text, isNamed, findings: marks }: TextPart) => {
    const shown = isNamed
      ? html`<span class="named" title="A character that would not be seen">${text}</span>`
      : text;
    if (marks.length === 0) return shown;
    const title = marks
      .map((number) => `Finding ${number}: ${findings[number - 1]?.message ?? ''}`)
      .join('\n');
    return html`<mark title=${title} data-findings=${marks.join(', ')}>${shown}</mark>`;
  };
  // No white space between the tags: the lines keep theirs.
  return html`<section>
    <h2>Statement <span class="count">${unmask === undefined ? count : 'its constants are left out'}</span></h2>
    <div class="statement" role="region" aria-label="Statement" tabindex="0" dir="ltr">${lines.map(
      (parts) => html`<div class="line"><code>${parts.map(part)}</code></div>`,
    )}</div>
  </section>`;
}

function parametersTemplate({ parameters }: RequestView): TemplateResult | typeof nothing {
  if (parameters.length === 0) return nothing;
  return html`<section>
    <h2>Parameters</h2>
    <table>
      ${parameters.map(
        ({ name, value, isNull }) =>
          html`<tr><th scope="row">${name}</th><td class=${isNull ? 'null' : 'words'}>${value}</td></tr>`,
      )}
    </table>
  </section>`;
}

function findingsTemplate({ findings }: RequestView): TemplateResult {
  if (findings.length === 0) return html`<section><h2>Findings</h2><p class="none">None.</p></section>`;
  return html`<section>
    <h2>Findings</h2>
    <ol class="findings">
      ${findings.map(
        ({ message, detail, hint, policy }) => html`<li>
          <strong>${message}</strong>
          ${detail === '' ? nothing : html`<p class="words">${detail}</p>`}
          ${hint === '' ? nothing : html`<p class="words">Instead: ${hint}</p>`}
          ${detail.includes(policy) ? nothing : html`<p class="policy">Policy <code>${policy}</code></p>`}
        </li>`,
      )}
    </ol>
  </section>`;
}

function relationsTemplate({ relations }: RequestView): TemplateResult {
  return html`<section>
    <h2>Tables and views</h2>
    ${
      relations.length === 0
        ? html`<p class="none">None.</p>`
        : html`<ul class="relations">
          ${relations.map(
            ({ name, classifications }) => html`<li>
              <code>${name}</code>
              ${
                classifications.length === 0
                  ? html`<span class="none">not classified</span>`
                  : classifications.map(
                      (classification) => html`<span class="badge">${classification}</span>`,
                    )
              }
            </li>`,
          )}
        </ul>`
    }
  </section>`;
}

function reviewsTemplate({ reviews }: RequestView): TemplateResult {
  return html`<section>
    <h2>Reviews</h2>
    ${
      reviews.length === 0
        ? html`<p class="none">None yet.</p>`
        : html`<ul class="reviews">
          ${reviews.map(
            ({ by, decision, verdict, comment, at }) => html`<li class=${decision}>
              <strong>${by}</strong> ${verdict}, ${at}
              ${comment === '' ? nothing : html`<p class="words">${comment}</p>`}
            </li>`,
          )}
        </ul>`
    }
  </section>`;
}
