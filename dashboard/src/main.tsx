import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import { isPassing } from './server.js';
import { Shell } from './shell.js';
import './styles/index.css';

const RETRIES = 3;

/** Old data stay visible while new data load, and while the server is away. */
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      placeholderData: <T,>(previous: T) => previous,
      retry: (failures, error) => isPassing(error) && failures < RETRIES,
    },
  },
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Router base="/ui">
        <Shell />
      </Router>
    </QueryClientProvider>
  </StrictMode>,
);
