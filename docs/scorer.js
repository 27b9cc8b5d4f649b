// Replaces Sphinx's own weights: pages for people come before those to look something up in.
const LOOKED_UP = /^(api|browser|commands|data_model|design|faults|formats|formats_known|http|readers|settings_kept|statuses|terms)$/;

var Scorer = {
  score: ([page, , , , score]) => (LOOKED_UP.test(page) ? score - 30 : score),
  objNameMatch: 0,
  objPartialMatch: 0,
  objPrio: { 0: 0, 1: 0, 2: 0 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
