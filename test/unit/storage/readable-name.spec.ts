import { readableName } from '../../../src/storage/readable-name.js';

const at = (path: string): string => readableName(`https://shop.example${path}`);

describe('readableName', () => {
  it.each([
    ['/img/Red-Shoe_01.JPG', 'red-shoe_01'],
    ['/img/red%20shoe%20(front).jpeg?v=3#top', 'red-shoe-front'],
    ['/img/Caf%C3%A9%20Cr%C3%A8me.png', 'cafe-creme'],
    ['/img/%EF%BC%A1%EF%BC%91.png', 'a1'],
    ['/img/photo.2024.final.webp', 'photo-2024-final'],
    ['/img/shoe.jpg/', 'shoe'],
    ['/img/no-extension', 'no-extension'],
    ['/img/comma,semi;quote".jpg', 'comma-semi-quote'],
  ])('keeps what is recognisable of %s', (path, name) => {
    expect(at(path)).toBe(name);
  });

  it.each([
    ['/'],
    ['/?file=a.jpg'],
    ['/.jpg'],
    ['/..%2f..%2f'],
    ['/%D1%84%D0%BE%D1%82%D0%BE.jpg'],
    ['/___---.png'],
    ['/%00.jpg'],
  ])('is "image" when nothing is left of %s', (path) => {
    expect(at(path)).toBe('image');
  });

  it('is "image" for what is no URL', () => {
    expect(readableName('not a url')).toBe('image');
  });

  it.each([
    ['/..%2f..%2fetc%2fpasswd', 'passwd'],
    ['/..%5c..%5cwindows%5csystem.ini', 'system'],
    ['/%2e%2e%2f.env', 'image'],
    ['/.htaccess', 'htaccess'],
    ['/-rf.jpg', 'rf'],
    ['/a%00.jpg', 'a'],
    ['/a%0d%0aSet-Cookie%3a%20x.jpg', 'a-set-cookie-x'],
    ['/shell.php.jpg', 'shell-php'],
    ['/%252e%252e%252fpasswd', '2e-2e-2fpasswd'],
    ['/<script>alert(1)<%2fscript>.jpg', 'script'],
  ])('takes nothing dangerous from %s', (path, name) => {
    expect(at(path)).toBe(name);
  });

  it('reads a name whose escapes are not UTF-8', () => {
    expect(at('/Caf%E9-Bar.jpg')).toBe('caf-bar');
  });

  it('cuts a long name at 60 characters, without a dash at the end', () => {
    expect(at(`/${'a'.repeat(3000)}.jpg`)).toBe('a'.repeat(60));
    expect(at(`/${'a'.repeat(59)}-b.jpg`)).toBe('a'.repeat(59));
  });
});
