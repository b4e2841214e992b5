// The icons that only logs have: apart from the others, so that they are fetched with the first log.
import { icon } from "./icon";

export const SearchIcon = icon(
  <>
    <circle cx="7" cy="7" r="4.4" />
    <path d="m10.4 10.4 3.6 3.6" />
  </>,
);
export const WrapIcon = icon(
  <path d="M2 4h12M2 8h9.5a2.3 2.3 0 0 1 0 4.6H8.5M10 10.8l-1.8 1.8 1.8 1.8M2 12h3.5" />,
);
export const DownloadIcon = icon(<path d="M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11" />);
export const UpIcon = icon(<path d="m3.8 10 4.2-4.2L12.2 10" />);
export const EndIcon = icon(<path d="M8 2.5v8M4.8 7.4 8 10.6l3.2-3.2M3 13.5h10" />);
export const FailIcon = icon(
  <>
    <circle cx="8" cy="8" r="6" />
    <path d="M8 4.8v3.8M8 11v.1" />
  </>,
);
