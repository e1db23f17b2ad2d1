import { isUrlList, splitUrls } from '../../../src/upload/url-list.js';

const A = 'https://a.example/1.jpg';
const B = 'http://b.example/2.jpg';

describe('splitUrls', () => {
  it.each([
    ['a comma', `${A},${B}`],
    ['a comma and a space', `${A}, ${B}`],
    ['a semicolon', `${A};${B}`],
    ['a space', `${A} ${B}`],
    ['a tab', `${A}\t${B}`],
    ['a bar', `${A}|${B}`],
    ['a bar between spaces', `${A} | ${B}`],
    ['LF', `${A}\n${B}`],
    ['CRLF', `${A}\r\n${B}`],
    ['CR', `${A}\r${B}`],
    ['a comma and a line end', `${A},\n${B}`],
    ['several commas', `${A},, ,${B}`],
  ])('parts two URLs at %s', (_, cell) => {
    expect(splitUrls(cell)).toEqual([A, B]);
  });

  it.each([
    'https://shop.example/chair,p-724211,s-700.jpg',
    'https://t.example/filters:sharpen(1,0,false)/x.jpg',
    'https://cloud.example/w_300,h_200/https://origin.example/x.jpg',
    'https://a.example/x;jsessionid=1?from=http://b.example/',
    'https://a.example/red chair.jpg',
    'https://a.example/Stühle%20rot.jpg',
  ])('leaves %s whole', (url) => {
    expect(splitUrls(url)).toEqual([url]);
  });

  it.each([`${A},`, `${A}, `, `,${A}`, ` ${A} `, `${A};\n`, `| ${A} |`, `${A},\r\n,`])(
    'drops the separators around the only URL of %j',
    (cell) => {
      expect(splitUrls(cell)).toEqual([A]);
    },
  );

  it.each(['', ' ', ',', ' ; ', '|\n|'])('finds nothing in %j', (cell) => {
    expect(splitUrls(cell)).toEqual([]);
  });

  it('knows a URL by any scheme, in any case', () => {
    expect(splitUrls(`${A},ftp://c.example/3.jpg, HTTPS://D.example/4.jpg`)).toEqual([
      A,
      'ftp://c.example/3.jpg',
      'HTTPS://D.example/4.jpg',
    ]);
  });

  it('keeps what is no URL, to be told', () => {
    expect(splitUrls(`chair.jpg, ${A}`)).toEqual(['chair.jpg', A]);
  });
});

describe('isUrlList', () => {
  it.each([A, ` ${A}`, `${A}, ${B}`, 'ftp://c.example/3.jpg'])('holds for %j', (cell) => {
    expect(isUrlList(cell)).toBe(true);
  });

  it.each(['', 'chair', 'chair.jpg', `chair, ${A}`, 'see https://a.example'])(
    'does not hold for %j',
    (cell) => {
      expect(isUrlList(cell)).toBe(false);
    },
  );
});
