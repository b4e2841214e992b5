// The bar above every page: where one is, and what is everywhere. It knows the caller, and no page.
import { useState } from "react";
import { Link, NavLink, useNavigate } from "react-router";

import { client, done, type Schemas } from "../api/client";
import { queryClient } from "../api/query-client";
import { Untrusted } from "../text/Untrusted";
import { IconButton } from "../ui/Button";
import { BellIcon, MoonIcon, QuestionIcon, ScreenIcon, SunIcon, UserIcon } from "../ui/icons";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine, MenuLink } from "../ui/Menu";
import { Time } from "../ui/Time";
import { notifyError, useToasts } from "../ui/toasts";
import { ToastText } from "../ui/Toasts";
import { chooseTheme, chosenTheme, type Theme } from "./theme";

export function TopBar({ me, onHelp }: { me: Schemas["Me"]; onHelp: () => void }) {
  return (
    <header className="border-b border-line bg-surface">
      <div className="mx-auto flex h-13 max-w-[110rem] items-center gap-1 px-3 sm:px-5">
        <Link
          to="/"
          className="flex items-center gap-2 rounded-md px-1 no-underline sm:mr-2"
          aria-label="imt: to the projects"
        >
          <Mark />
          <span className="text-lg font-bold tracking-tight max-sm:hidden">imt</span>
        </Link>
        <nav aria-label="Main" className="flex min-w-0 flex-1 gap-0.5 overflow-x-auto">
          <BarLink to="/">Projects</BarLink>
          {me.is_admin && !me.is_single_user && <BarLink to="/users">Users</BarLink>}
          {me.is_admin && <BarLink to="/runners">Runners</BarLink>}
          {me.is_admin && <BarLink to="/audit">Audit</BarLink>}
        </nav>
        <ToldMenu />
        <ThemeMenu />
        <IconButton label="Keys and help" onClick={onHelp} className="max-sm:hidden">
          <QuestionIcon />
        </IconButton>
        <UserMenu me={me} />
      </div>
    </header>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 24 24" className="size-6" aria-hidden="true">
      <rect width="24" height="24" rx="6" className="fill-accent" />
      <circle cx="6.5" cy="12" r="2.3" className="fill-accent-text" />
      <circle cx="17.5" cy="7.5" r="2.3" className="fill-accent-text" />
      <circle cx="17.5" cy="16.5" r="2.3" className="fill-accent-text" />
      <path
        d="M6.5 12h4c3 0 3-4.5 7-4.5M10.500 12c3 0 3 4.500 7 4.500"
        fill="none"
        stroke="var(--accent-text)"
        strokeWidth="1.6"
      />
    </svg>
  );
}

function BarLink({ to, children }: { to: string; children: string }) {
  return (
    <NavLink
      to={to}
      end={to !== "/"}
      className="rounded-md px-2 py-1.5 text-sm font-medium whitespace-nowrap text-muted no-underline hover:text-text aria-[current=page]:text-text sm:px-2.5"
    >
      {children}
    </NavLink>
  );
}

/** What was told in passing, to be read again. */
function ToldMenu() {
  const toasts = useToasts();
  const wrong = toasts.some((toast) => toast.kind === "wrong");
  return (
    <Menu
      trigger={
        <IconButton label={`Messages: ${toasts.length}`} className="relative">
          <BellIcon />
          {toasts.length > 0 && (
            <span
              className={`absolute top-1.5 right-1.5 size-2 rounded-full ${wrong ? "bg-failed" : "bg-accent"}`}
            />
          )}
        </IconButton>
      }
    >
      <MenuLabel>What was told in passing</MenuLabel>
      {toasts.length === 0 && <p className="px-2.5 pb-2 text-sm text-muted">Nothing yet.</p>}
      {toasts.map((toast) => (
        <div key={toast.id} className="flex w-96 max-w-[88vw] items-start gap-2 px-2.5 py-1">
          <ToastText toast={toast} />
          <Time at={toast.at} className="mt-0.5 text-xs text-muted" />
        </div>
      ))}
    </Menu>
  );
}

function ThemeMenu() {
  const [theme, setTheme] = useState<Theme>(chosenTheme);
  const choose = (next: Theme) => {
    chooseTheme(next);
    setTheme(next);
  };
  const Icon = theme === "light" ? SunIcon : theme === "dark" ? MoonIcon : ScreenIcon;
  return (
    <Menu
      trigger={
        <IconButton label="Light or dark">
          <Icon />
        </IconButton>
      }
    >
      <MenuChoice
        value={theme}
        onChoose={choose}
        choices={[
          { value: "system", label: "as the system" },
          { value: "light", label: "light" },
          { value: "dark", label: "dark" },
        ]}
      />
    </Menu>
  );
}

function UserMenu({ me }: { me: Schemas["Me"] }) {
  const navigate = useNavigate();
  const signOut = async () => {
    try {
      await done(client.POST("/auth/logout"));
      queryClient.clear();
      await navigate("/sign-in");
    } catch (error) {
      notifyError("You are still signed in", error);
    }
  };
  return (
    <Menu
      trigger={
        <IconButton label="You">
          <UserIcon />
        </IconButton>
      }
    >
      <MenuLabel>
        <Untrusted text={me.email ?? me.name} />
      </MenuLabel>
      <MenuLink>
        <Link to="/account">Sessions and tokens</Link>
      </MenuLink>
      <MenuLine />
      <MenuItem onSelect={() => void signOut()}>Sign out</MenuItem>
    </Menu>
  );
}
