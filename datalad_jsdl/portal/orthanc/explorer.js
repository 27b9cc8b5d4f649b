// In Orthanc Explorer: the buttons for archives open a new tab, so that what is looked at stays.
document.addEventListener('click', function (event) {
  var button = event.target.closest('#patient-archive, #study-archive, #series-archive');
  if (!button || !window.$ || !$.mobile || !$.mobile.pageData) { return; }
  var kinds = { patient: 'patients', study: 'studies', series: 'series' };
  var kind = kinds[button.id.split('-')[0]];
  event.preventDefault();
  event.stopImmediatePropagation();
  window.open('../' + kind + '/' + $.mobile.pageData.uuid + '/archive', '_blank');
}, true);
