// The few icons that pages share. All are decoration: whoever shows one says in words what it stands for.
import { icon } from "./icon";

export const BranchIcon = icon(
  <>
    <circle cx="4.5" cy="3.5" r="1.7" />
    <circle cx="4.5" cy="12.5" r="1.7" />
    <circle cx="11.5" cy="5.5" r="1.7" />
    <path d="M4.5 5.2v5.6M11.5 7.2c0 2.6-4 2.3-6.4 3.8" />
  </>,
);
export const CommitIcon = icon(
  <>
    <circle cx="8" cy="8" r="2.6" />
    <path d="M1 8h4.4M10.6 8H15" />
  </>,
);
export const ClockIcon = icon(
  <>
    <circle cx="8" cy="8" r="6.2" />
    <path d="M8 4.6V8l2.3 1.6" />
  </>,
);
export const TimerIcon = icon(
  <>
    <circle cx="8" cy="9" r="5.4" />
    <path d="M8 6.2V9M6 1.4h4M12.4 4.2l.9-.9" />
  </>,
);
export const PlayIcon = icon(<path d="M4.5 2.8v10.4L13 8z" />);
export const StopIcon = icon(<rect x="3.5" y="3.5" width="9" height="9" rx="1.5" />);
export const RetryIcon = icon(<path d="M13.4 8a5.4 5.4 0 1 1-1.7-3.9M13.6 1.8v3h-3" />);
export const RocketIcon = icon(
  <path d="M9.8 10.9 6 7.1c1-3 3.2-5.2 7.6-5.6-.4 4.4-1.7 7.4-3.8 9.4zM6 7.1H3L1.8 9.6 5 9.9M9.8 10.9v3L7.3 15 7 11.9M4 12l-1.8 1.8" />,
);
export const UndoIcon = icon(<path d="M5.5 2.5 2.3 5.7l3.2 3.2M2.6 5.7h6.6a4.2 4.2 0 0 1 0 8.4H6" />);
export const GearIcon = icon(
  <>
    <circle cx="8" cy="8" r="2.2" />
    <path d="M8 1.4v2M8 12.6v2M1.4 8h2M12.6 8h2M3.3 3.3l1.4 1.4M11.3 11.3l1.4 1.4M12.7 3.3l-1.4 1.4M4.7 11.3l-1.4 1.4" />
  </>,
);
export const PlusIcon = icon(<path d="M8 2.5v11M2.5 8h11" />);
export const CheckIcon = icon(<path d="m3 8.5 3.2 3.2L13 4.6" />);
export const CrossIcon = icon(<path d="m3.8 3.8 8.4 8.4M12.2 3.8l-8.4 8.4" />);
export const ChevronDownIcon = icon(<path d="m3.8 6 4.2 4.2L12.2 6" />);
export const ChevronRightIcon = icon(<path d="m6 3.8 4.2 4.2L6 12.2" />);
export const ChevronLeftIcon = icon(<path d="M10 3.8 5.8 8l4.2 4.2" />);
export const CopyIcon = icon(
  <>
    <rect x="5.5" y="5.5" width="8" height="8.5" rx="1.4" />
    <path d="M3.4 10.8c-.6 0-.9-.5-.9-1.1V3.5c0-.8.5-1.3 1.3-1.3h5.6c.7 0 1.2.4 1.2 1" />
  </>,
);
export const BellIcon = icon(
  <path d="M4 6.6a4 4 0 0 1 8 0c0 3.6 1.5 4.6 1.5 4.6h-11S4 10.2 4 6.6zM6.6 13.6c.3.5.8.8 1.4.8s1.1-.3 1.4-.8" />,
);
export const SunIcon = icon(
  <>
    <circle cx="8" cy="8" r="3" />
    <path d="M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.1 1.1M11.9 11.9 13 13M13 3l-1.1 1.1M4.1 11.9 3 13" />
  </>,
);
export const MoonIcon = icon(<path d="M13.6 9.6A6 6 0 0 1 6.4 2.4a6 6 0 1 0 7.2 7.2z" />);
export const ScreenIcon = icon(<path d="M2 3h12v8H2zM5.5 14h5M8 11v3" />);
export const UserIcon = icon(
  <>
    <circle cx="8" cy="5.2" r="2.9" />
    <path d="M2.4 14.2c.6-2.8 2.8-4.3 5.6-4.3s5 1.5 5.6 4.3" />
  </>,
);
export const KeyIcon = icon(
  <>
    <circle cx="5" cy="11" r="2.9" />
    <path d="m7.2 8.8 6-6M11 5l2 2M9 7l1.4 1.4" />
  </>,
);
export const LinkIcon = icon(
  <path d="M6.6 9.4a2.8 2.8 0 0 0 4 0l2.2-2.2a2.8 2.8 0 0 0-4-4l-.9.9M9.4 6.6a2.8 2.8 0 0 0-4 0L3.2 8.8a2.8 2.8 0 0 0 4 4l.9-.9" />,
);
export const ServerIcon = icon(
  <>
    <rect x="2" y="2.5" width="12" height="4.6" rx="1.2" />
    <rect x="2" y="8.9" width="12" height="4.6" rx="1.2" />
    <path d="M4.6 4.8h.1M4.6 11.2h.1" />
  </>,
);
export const WarningIcon = icon(<path d="M8 2 1.5 13.5h13zM8 6.6v3.2M8 11.6v.1" />);
export const QuestionIcon = icon(
  <>
    <circle cx="8" cy="8" r="6.2" />
    <path d="M6.2 6.3A1.8 1.8 0 0 1 8 4.7c1 0 1.8.7 1.8 1.6 0 1.3-1.8 1.3-1.8 2.6M8 11.2v.1" />
  </>,
);
export const OffIcon = icon(
  <path d="M2.5 2.5l11 11M4.7 9.8a4.7 4.7 0 0 1 1.5-1M2 7a9 9 0 0 1 2.3-1.6M8 4.4A9 9 0 0 1 14 7M8 12.6v.1" />,
);
