/** The files that failed, as a manifest for another try. */
import { joined } from "../core/names.js";
import { manifestOf } from "../engine/job.js";

/**
 * @param {string} text Of the manifest. @param {string} base
 * @param {Array<{path: string, reason: string}>} failed
 * @returns {Record<string, object>} As they were in it, with absolute URLs, and the reasons.
 */
export function failedManifest(text, base, failed) {
  const reasons = Object.fromEntries(failed.map(({ path, reason }) => [path, reason]));
  const entries = failed.length ? manifestOf(text, base).entries : [];
  return Object.fromEntries(entries.filter(({ path }) => Object.hasOwn(reasons, joined(path))).map(
    ({ path, urls, access, content, given }) => {
      const { url, extra_urls, ...others } = given;
      const fields = content ? given : { ...others, urls };
      return [path, { ...fields, ...(access && { access }), reason: reasons[joined(path)] }];
    },
  ));
}
