// An address of the whole page that names a room leads to the light page of its students.
const room = new URLSearchParams(location.search).get('room');
if (room) {
  const page = new URL('room', document.baseURI);
  page.searchParams.set('room', room);
  location.replace(page);
}
